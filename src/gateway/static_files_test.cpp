#include "gateway/static_files.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "support/scratch.hpp"

namespace cmdsrv::gateway {
namespace {

using testing::Contains;
using testing::Pair;

TEST(SafePath, NamesBelowTheDirectoryOnly) {
  const struct {
    const char *sent, *path;
  } good[] = {{"/", ""},      {"/a.html", "a.html"},           {"/js/a%20b.js", "js/a b.js"},
              {"/js/", "js"}, {"/%C3%A4.txt", "\xc3\xa4.txt"}, {"/a..b", "a..b"}};
  for (const auto& row : good) EXPECT_EQ(SafePath(row.sent), row.path) << row.sent;
  for (const char* bad : {"",
                          "a",
                          "//",
                          "//etc/passwd",
                          "/..",
                          "/../x",
                          "/a/../../x",
                          "/..%2f..%2fx",
                          "/%2e%2e/x",
                          "/.",
                          "/.git/config",
                          "/a/.hidden",
                          "/a//b",
                          "/a%00.html",
                          "/%0a",
                          "/a%5c..%5cx",
                          "/a\\b",
                          "/%252e%252e/x",
                          "/a%",
                          "/%ff",
                          "/a/./b"}) {
    EXPECT_FALSE(SafePath(bad)) << bad;
  }
  EXPECT_FALSE(SafePath("/" + std::string(2000, 'a')));
}

class StaticFilesTest : public testing::Test {
 protected:
  StaticFilesTest() {
    std::filesystem::create_directories(directory / "www/js");
    test::Spit(directory / "secret", "secret");
    test::Spit(directory / "www/index.html", "<p>hello");
    test::Spit(directory / "www/js/a.js", "alert(1)");
    test::Spit(directory / "www/js/a.js.gz", "packed");
    test::Spit(directory / "www/page.php", "<?php");
    std::filesystem::create_symlink("../secret", directory / "www/link");
    std::filesystem::create_symlink("/etc", directory / "www/etc");
    mkfifo((directory / "www/pipe").c_str(), 0600);
  }
  HttpResponse Get(std::string_view path, std::vector<std::pair<std::string, std::string>> headers = {}) {
    return StaticFiles::Of(directory / "www")
        .value()
        .Answer({.method = "GET", .path = "/admin" + std::string(path), .headers = std::move(headers)}, path);
  }
  static std::string TextOf(const HttpResponse& response) {
    if (!response.file) return fmt::format("{}", response.status);
    std::string text(response.file_bytes, '\0');
    EXPECT_EQ(pread(response.file->Get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return text;
  }

  test::ScratchDirectory directory;
};

TEST_F(StaticFilesTest, FilesWithTheirTypes) {
  EXPECT_EQ(TextOf(Get("/")), "<p>hello");
  EXPECT_EQ(TextOf(Get("/index.html")), "<p>hello");
  EXPECT_EQ(Get("/").type, "text/html; charset=utf-8");
  EXPECT_EQ(TextOf(Get("/js/a.js")), "alert(1)");
  EXPECT_EQ(Get("/js/a.js").type, "text/javascript; charset=utf-8");
  EXPECT_THAT(Get("/").headers, Contains(Pair("X-Frame-Options", "DENY")));
  EXPECT_THAT(Get("/js").headers, Contains(Pair("Location", "/admin/js/")));
  EXPECT_EQ(Get("/js").status, 301);
}

TEST_F(StaticFilesTest, NothingElseIsOpened) {
  for (const char* path : {"/nothing", "/js/", "/index.html/", "/link", "/etc/passwd", "/etc/", "/pipe", "/page.php",
                           "/../secret", "/..%2fsecret", "/js/../../secret", "/%2e%2e/secret", "/index.html%00.js"}) {
    EXPECT_EQ(TextOf(Get(path)), "404") << path;
  }
}

TEST_F(StaticFilesTest, PackedForThoseWhoTakeIt) {
  const auto packed = Get("/js/a.js", {{"Accept-Encoding", "br, gzip;q=0.8"}});
  EXPECT_EQ(TextOf(packed), "packed");
  EXPECT_EQ(packed.type, "text/javascript; charset=utf-8");
  EXPECT_THAT(packed.headers, Contains(Pair("Content-Encoding", "gzip")));
  EXPECT_THAT(packed.headers, Contains(Pair("Vary", "Accept-Encoding")));
  EXPECT_EQ(TextOf(Get("/js/a.js", {{"Accept-Encoding", "gzip;q=0, br"}})), "alert(1)");
  EXPECT_EQ(TextOf(Get("/", {{"Accept-Encoding", "gzip"}})), "<p>hello");
  std::filesystem::last_write_time(directory / "www/js/a.js",
                                   std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_EQ(TextOf(Get("/js/a.js", {{"Accept-Encoding", "gzip"}})), "alert(1)") << "the packed one is older";
}

TEST_F(StaticFilesTest, WhatTheClientHasIsNotSentAgain) {
  const auto first = Get("/index.html");
  const auto tag = std::ranges::find(first.headers, "ETag", &std::pair<std::string, std::string>::first)->second;
  EXPECT_EQ(Get("/index.html", {{"If-None-Match", tag}}).status, 304);
  EXPECT_EQ(Get("/index.html", {{"If-None-Match", "\"x\", W/" + tag}}).status, 304);
  EXPECT_EQ(Get("/index.html", {{"If-None-Match", "\"x\""}}).status, 200);
  test::Spit(directory / "www/index.html", "<p>changed");
  EXPECT_EQ(Get("/index.html", {{"If-None-Match", tag}}).status, 200);
}

TEST_F(StaticFilesTest, AMissingFolderIsSaid) {
  EXPECT_EQ(StaticFiles::Of(directory / "nowhere").error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace cmdsrv::gateway
