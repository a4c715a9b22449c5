#include "content/library_xml.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

namespace cmdsrv {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr std::string_view kLibrary = R"(<?xml version="1.0"?><library version="20110515">
  <book id="b" path="content/b.zim" title="B &amp; &quot;b&quot;" language="eng,fra" size="52" favicon="AAAA"/>
  <book id="a" path="content/a.zim" title="A" language="deu"/>
  <book path="content/nobody.zim" title="without id"/>
  <book id="c" path="content/c.zim"/>
  <book id="a" path="content/again.zim"/></library>)";

TEST(LibraryXml, ReadsBooks) {
  const auto books = ParseLibrary(kLibrary);
  ASSERT_TRUE(books) << books.error().message;
  ASSERT_EQ(books->size(), 3U);
  EXPECT_EQ((*books)[0].id, "b");
  EXPECT_EQ((*books)[0].path, "content/b.zim");
  EXPECT_THAT((*books)[0].attributes, ElementsAre(Pair("path", "content/b.zim"), Pair("title", "B & \"b\""),
                                                  Pair("language", "eng,fra"), Pair("size", "52")));
  EXPECT_EQ((*books)[1].path, "content/a.zim");
}

TEST(LibraryXml, ExpandsNothing) {
  const auto books = ParseLibrary(R"(<!DOCTYPE library [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y "yyyy">]>
    <library><book id="a" title="&x;&y;"/></library>)");
  ASSERT_TRUE(books) << books.error().message;
  EXPECT_THAT((*books)[0].attributes, ElementsAre(Pair("title", "&x;&y;")));
}

TEST(LibraryXml, MendsBytesThatAreNoText) {
  const auto books = ParseLibrary("<library><book id=\"a\" title=\"x\xff\"/></library>");
  ASSERT_TRUE(books);
  EXPECT_THAT((*books)[0].attributes, ElementsAre(Pair("title", "x\xEF\xBF\xBD")));
}

TEST(LibraryXml, WhatIsNoLibraryIsCorrupt) {
  for (const char* text : {"", "<library>", "<feed/>", "<library><book id=\"a\"</library>"}) {
    const auto books = ParseLibrary(text);
    ASSERT_FALSE(books) << text;
    EXPECT_EQ(books.error().code, ErrorCode::Corrupt);
  }
}

std::string Repeated(std::string_view part, std::size_t times) {
  std::string text;
  text.reserve(part.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += part;
  return text;
}

TEST(LibraryXml, WhatIsLargerThanAnyLibraryIsCorrupt) {
  std::string books;
  for (int i = 0; i < 1'000'000; ++i) books += fmt::format("<book id=\"{}\"/>", i);
  std::string texts;  // what the console gets would be six times as long
  const std::string controls(60'000, '\1');
  for (int i = 0; i < 100; ++i) texts += fmt::format("<book id=\"{}\" title=\"{}\"/>", i, controls);
  const std::pair<std::string, std::string> cases[] = {
      {books, "50000 elements"},
      {Repeated("<a>", 2'000'000), "50000 elements"},
      {"<book " + Repeated("a=\"\" ", 2'000'000) + "/>", "1000000 attributes"},
      {texts, "bytes of text"},
      {"<book id=\"a\" favicon=\"" + std::string(2'000'000, 'x') + "\"/>", "attribute of more than"},
  };
  for (const auto& [inside, why] : cases) {
    const auto read = ParseLibrary("<library>" + inside + "</library>");
    ASSERT_FALSE(read) << why;
    EXPECT_EQ(read.error().code, ErrorCode::Corrupt);
    EXPECT_THAT(read.error().message, ::testing::HasSubstr(why));
  }
}

/// As many as are allowed: each of them must cost the same.
TEST(LibraryXml, ManyAttributesOfOneBook) {
  std::string attributes;
  for (int i = 0; i < 900'000; ++i) attributes += fmt::format("a{}=\"\" ", i);
  const auto books = ParseLibrary("<library><book id=\"a\" " + attributes + "/><book id=\"b\"/></library>");
  ASSERT_TRUE(books) << books.error().message;
  ASSERT_EQ(books->size(), 2U);
  EXPECT_EQ(books->front().attributes.size(), 63U);
}

TEST(LibraryXml, LongAttributesAreLeftOut) {
  const std::string long_text(70'000, 'x');
  const auto books = ParseLibrary(fmt::format(
      "<library><book id=\"a\" title=\"{0}\" {0}=\"\" name=\"n\"/><book id=\"{0}\"/></library>", long_text));
  ASSERT_TRUE(books) << books.error().message;
  ASSERT_EQ(books->size(), 1U);
  EXPECT_THAT(books->front().attributes, ElementsAre(Pair("name", "n")));
}

TEST(LibraryXml, DeepNestingIsNoLibrary) {
  EXPECT_TRUE(ParseLibrary("<library>" + Repeated("<a>", 40'000) + Repeated("</a>", 40'000) + "</library>"));
  EXPECT_FALSE(ParseLibrary("<library>" + Repeated("<a>", 40'000)));
}

class LibraryFile : public ::testing::Test {
 protected:
  ~LibraryFile() override { ::unlink(path_.c_str()); }
  void Write(std::string_view text) { ASSERT_TRUE(WriteFileAtomically(path_, text)); }
  const std::string path_ = fmt::format("{}/library-test-{}.xml", ::testing::TempDir(), ::getpid());
};

TEST_F(LibraryFile, BecomesTheAnswerOfGetZimStat) {
  Write(kLibrary);
  LibraryCache cache(path_);
  const auto library = cache.Get();
  EXPECT_EQ(library->installed_json,
            R"({"b":{"path":"content/b.zim","title":"B & \"b\"","language":"mul","size":"52"},)"
            R"("a":{"path":"content/a.zim","title":"A","language":"deu"},)"
            R"("c":{"path":"content/c.zim","language":"eng"}})");
  EXPECT_THAT(library->ids, ElementsAre("a", "b", "c"));
  EXPECT_TRUE(library->Has("b"));
  EXPECT_FALSE(library->Has("bb"));
  EXPECT_EQ(cache.Get(), library) << "unchanged file, same snapshot";
}

TEST_F(LibraryFile, MissingOrBrokenIsEmpty) {
  LibraryCache cache(path_);
  EXPECT_EQ(cache.Get()->installed_json, "{}");
  Write("<library><book");
  EXPECT_EQ(cache.Get()->installed_json, "{}");
  Write(kLibrary);
  EXPECT_EQ(cache.Get()->ids.size(), 3U);
  ::unlink(path_.c_str());
  EXPECT_EQ(cache.Get()->installed_json, "{}");
}

}  // namespace
}  // namespace cmdsrv
