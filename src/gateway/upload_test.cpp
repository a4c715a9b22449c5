#include "gateway/upload.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "support/scratch.hpp"

namespace cmdsrv::gateway {
namespace {

using namespace std::string_literals;

const std::string kPng = "\x89PNG\r\n\x1a\n\0\0picture\r\n--B x"s;

std::string Form(const std::string& name, const std::string& bytes, const std::string& field = "file") {
  return "--BBB\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nvalue\r\n"
         "--BBB\r\ncontent-disposition: form-data; name=\"" +
         field + "\"; filename=\"" + name + "\"\r\nContent-Type: image/png\r\n\r\n" + bytes + "\r\n--BBB--\r\n";
}
Result<Upload> Read(const std::string& body, std::string_view type = "multipart/form-data; boundary=BBB") {
  static std::string kept;  // an Upload is part of its body
  kept = body;
  return ReadUpload(type, kept);
}

TEST(Upload, APictureWithItsName) {
  const auto upload = Read(Form("icon.png", kPng));
  ASSERT_TRUE(upload) << upload.error().message;
  EXPECT_EQ(upload->name, "icon.png");
  EXPECT_EQ(upload->bytes, kPng);
  EXPECT_TRUE(Read(Form("a.JPG", "\xff\xd8\xff\xe0"), "Multipart/Form-Data; boundary=\"BBB\""));
  EXPECT_EQ(Read(Form("my icon.gif", "GIF89a"))->name, "my_icon.gif");
}

TEST(Upload, NothingElse) {
  for (const std::string& name : {"../icon.png"s, "a/b.png"s, ".png"s, ".hidden.png"s, "-rf.png"s, ""s, "C:\\a.png"s,
                                  "\xc3\xa4.png"s, std::string(300, 'a') + ".png", "a.png;b"s}) {
    EXPECT_EQ(Read(Form(name, kPng)).error().message, "Please give the file a name of letters, digits, - and _ only.")
        << name;
  }
  EXPECT_EQ(Read(Form("icon.png", "<?php")).error().message, "The file is not a JPEG, PNG or GIF picture.");
  EXPECT_FALSE(Read(Form("icon.php", kPng))) << "and the name";
  EXPECT_FALSE(Read(Form("icon.gif", kPng))) << "and both together";
  EXPECT_FALSE(Read(Form("icon.svg", "<svg"))) << "pictures that may hold scripts";
  EXPECT_FALSE(Read(Form("icon.png", "")));
  EXPECT_FALSE(Read(Form("icon.png", kPng, "image")));
}

TEST(Upload, BrokenForms) {
  const std::string whole = Form("icon.png", kPng);
  for (std::size_t length = 0; length + 9 < whole.size(); ++length) {
    EXPECT_FALSE(Read(whole.substr(0, length))) << length;
  }
  for (const char* type : {"", "multipart/form-data", "multipart/form-data; boundary=",
                           "application/json; boundary=BBB", "multipart/form-data; boundary=CCC"}) {
    EXPECT_EQ(Read(whole, type).error().message, "There is no file.") << type;
  }
  EXPECT_FALSE(Read(whole, "multipart/form-data; boundary=" + std::string(71, 'B')));
}

TEST(Upload, StoredWholeAndNotTooMany) {
  test::ScratchDirectory directory;
  const Upload upload{"icon.png", kPng};
  ASSERT_TRUE(StoreUpload(directory.Path(), upload));
  EXPECT_EQ(test::Slurp(directory / "icon.png"), kPng);
  struct stat facts {};
  ASSERT_EQ(stat((directory / "icon.png").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777U, 0644U);
  for (int i = 0; i < 19; ++i) ASSERT_TRUE(StoreUpload(directory.Path(), {fmt::format("{}.png", i), kPng}));
  EXPECT_TRUE(StoreUpload(directory.Path(), upload)) << "again";
  EXPECT_EQ(StoreUpload(directory.Path(), {"another.png", kPng}).error().message,
            "Too many uploaded files wait for being moved.");
  EXPECT_EQ(StoreUpload(directory / "nowhere", upload).error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace cmdsrv::gateway
