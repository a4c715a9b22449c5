#include "content/opds.hpp"

#include <gmock/gmock.h>

#include "content/kiwix_catalog.hpp"

namespace cmdsrv {
namespace {

using ::testing::HasSubstr;

std::string Entry(const std::string& id, const std::string& more) {
  return "<entry><id>urn:uuid:" + id + "</id>" + more + "</entry>";
}

std::string Link(const std::string& url, const std::string& length = "1024") {
  return R"(<link rel="thumb" type="image/png" href="/i"/><link rel="http://opds-spec.org/acquisition/open-access" )"
         R"(type="application/x-zim" href=")" +
         url + R"(" length=")" + length + R"("/>)";
}

std::string Feed(const std::string& entries) {
  return R"(<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><id>x</id>)" + entries + "</feed>";
}

constexpr const char* kId = "00000000-0000-0000-0000-000000000001";
constexpr const char* kUrl = "https://download.kiwix.org/zim/other/demo_en_all_maxi_2026-01.zim.meta4";

json::object OneEntry(const std::string& more) {
  const auto entries = ParseOpdsFeed(Feed(Entry(kId, more)));
  if (!entries || entries->entries.size() != 1) return {};
  return entries->entries[0].fields;
}

TEST(ParseOpdsFeed, MapsAsTheTableSays) {
  const auto entries = ParseOpdsFeed(Feed(Entry(kId, R"(<title> Demo </title><updated>2026-01-15T00:00:00Z</updated>
      <summary>A "demo"</summary><language>eng</language><name>demo_en_all</name><flavour>maxi</flavour>
      <category>ignored</category><tags>x;_category:other;_ftindex:yes;_pictures:yes;_videos:yes;_details:no</tags>
      <articleCount>10</articleCount><mediaCount>2</mediaCount>
      <author><name>Me</name></author><publisher><name>Kiwix</name></publisher>)" +
                                                         Link(kUrl, "35198000"))));
  ASSERT_TRUE(entries) << entries.error().message;
  ASSERT_EQ(entries->entries.size(), 1U);
  EXPECT_EQ(entries->entries[0].id, kId);
  EXPECT_EQ(PrintJson(entries->entries[0].fields),
            R"({"title":"Demo","description":"A &quot;demo&quot;","language":"eng","name":"demo_en_all",)"
            R"("publisher":"Kiwix","flavour":"maxi","date":"2026-01-15",)"
            R"("url":"https://download.kiwix.org/zim/other/demo_en_all_maxi_2026-01.zim.meta4","creator":"Me",)"
            R"("articleCount":"10","mediaCount":"2",)"
            R"("download_url":"https://download.kiwix.org/zim/other/demo_en_all_maxi_2026-01.zim",)"
            R"("file_ref":"demo_en_all_maxi_2026-01","perma_ref":"demo_en_all_maxi","size":"34373","category":"Other",)"
            R"("sequence":2,"has_embedded_index":true,"has_details":false,"has_pictures":true,"has_videos":true,)"
            R"("uses_socket_workers":false,"source":"zims"})");
}

TEST(ParseOpdsFeed, MissingElementsAreEmptyTexts) {
  const json::object fields = OneEntry(Link(kUrl, ""));
  EXPECT_EQ(TextMember(fields, "title", "?"), "");
  EXPECT_EQ(TextMember(fields, "size", "?"), "");
  EXPECT_EQ(TextMember(fields, "category"), "Other");
  EXPECT_EQ(fields.at("sequence"), 8);
}

TEST(ParseOpdsFeed, CategoryIsInTitleCase) {
  const std::pair<const char*, const char*> cases[] = {{"_category:stack_exchange", "Stack_Exchange"},
                                                       {"a;_category:TED", "Ted"},
                                                       {"_category:o'reilly x9y", "O'Reilly X9Y"}};
  for (const auto& [tags, category] : cases) {
    EXPECT_EQ(TextMember(OneEntry(fmt::format("<tags>{}</tags>", tags) + Link(kUrl)), "category"), category);
  }
  EXPECT_EQ(TextMember(OneEntry(Link("https://h/zim/stack_exchange/x.zim")), "category"), "Stack Exchange");
}

TEST(ParseOpdsFeed, SizesAreRoundedHalfToEven) {
  const std::pair<const char*, const char*> cases[] = {{"512", "0"},  {"1536", "2"}, {"2560", "2"},
                                                       {"1025", "1"}, {"-1", ""},    {"x", ""}};
  for (const auto& [bytes, size] : cases)
    EXPECT_EQ(TextMember(OneEntry(Link(kUrl, bytes)), "size", "?"), size) << bytes;
}

TEST(ParseOpdsFeed, SeveralLanguagesAreMul) {
  EXPECT_EQ(TextMember(OneEntry("<language>eng,fra</language>" + Link(kUrl)), "language"), "mul");
}

TEST(ParseOpdsFeed, LeavesOutWhatCannotBeUsed) {
  const std::string entries = Entry("no-uuid", Link(kUrl)) + "<entry>" + Link(kUrl) + "</entry>" + Entry(kId, "") +
                              Entry(kId, Link("ftp://h/x.zim")) + Entry(kId, Link("file:///etc/x.zim")) +
                              Entry(kId, Link("https://h/-x.zim")) + Entry(kId, Link("https://h/a b.zim")) +
                              Entry(kId, Link("https://h/.zim")) + Entry(kId, "<tags>_sw:yes</tags>" + Link(kUrl));
  const auto parsed = ParseOpdsFeed(Feed(entries));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->entries.size(), 0U);
  EXPECT_EQ(parsed->left_out, 9U);
}

TEST(ParseOpdsFeed, WhatIsNoFeedIsCorrupt) {
  for (const char* text : {"", "<html/>", "<feed>", "not xml"}) EXPECT_FALSE(ParseOpdsFeed(text)) << text;
}

constexpr std::string_view kIiab = R"({"iiab-1": {"id": "x", "favicon": "AAAA", "faviconMimeType": "image/png",
  "title": "T", "description": "say \"hi\"", "language": "en,es", "url": "http://h/a/my_zim_2020-01.zim", "size": "12",
  "creator": "IIAB", "date": "2020-01-01", "tags": "nopic;_ftindex:yes", "articleCount": 7},
  "old": {"url": "http://h/old.zim", "date": "2017-06-30"},
  "plain": {"url": "http://h/plain.zim", "date": "2018-01-01"},
  "nodet": {"url": "http://h/nodet.zim.meta4", "date": "2018-01-01", "tags": "nodet"},
  "bad": {"url": "file:///x.zim"}, "worse": 1, "../x": {"url": "http://h/y.zim"}})";

TEST(ParseIiabZimCatalog, MapsAsTheTextSays) {
  const auto parsed = ParseIiabZimCatalog(kIiab);
  ASSERT_TRUE(parsed) << parsed.error().message;
  ASSERT_EQ(parsed->entries.size(), 4U);
  EXPECT_EQ(parsed->left_out, 3U);
  const json::object& first = parsed->entries[0].fields;
  EXPECT_FALSE(first.contains("favicon"));
  EXPECT_FALSE(first.contains("id"));
  EXPECT_EQ(TextMember(first, "description"), "say &quot;hi&quot;");
  EXPECT_EQ(TextMember(first, "language"), "mul");
  EXPECT_EQ(TextMember(first, "file_ref"), "my_zim_2020-01");
  EXPECT_EQ(TextMember(first, "perma_ref"), "my_zim");
  EXPECT_EQ(TextMember(first, "category"), "IIAB");
  EXPECT_EQ(TextMember(first, "source"), "IIAB");
  EXPECT_EQ(TextMember(first, "articleCount"), "7");
  EXPECT_TRUE(first.at("has_embedded_index").as_bool());
  const int sequences[] = {7, 5, 1, 8};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(parsed->entries[i].fields.at("sequence"), sequences[i]) << i;
  EXPECT_EQ(TextMember(parsed->entries[3].fields, "download_url"), "http://h/nodet.zim");
  EXPECT_FALSE(ParseIiabZimCatalog("[]"));
  EXPECT_FALSE(ParseIiabZimCatalog("{"));
}

TEST(PrintKiwixCatalog, LaterEntriesWinAndItCanBeReadBack) {
  const auto kiwix = ParseOpdsFeed(Feed(Entry(kId, "<title>Kiwix</title>" + Link(kUrl)) +
                                        Entry("00000000-0000-0000-0000-000000000002", Link("https://h/z/o/b.zim"))));
  auto iiab = ParseIiabZimCatalog(kIiab);
  ASSERT_TRUE(kiwix);
  ASSERT_TRUE(iiab);
  iiab->entries[0].id = kId;
  std::size_t count = 0;
  const std::string text = PrintKiwixCatalog("2026-05-01.12:34:56", {&*kiwix, &*iiab}, &count);
  EXPECT_EQ(count, 5U);
  const auto catalog = KiwixCatalog::Parse(text);
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_EQ(catalog->Size(), 5U);
  EXPECT_EQ(catalog->LeftOut(), 0U);
  EXPECT_EQ(catalog->DownloadDate(), "2026-05-01.12:34:56");
  EXPECT_EQ(catalog->Find(kId)->source, ZimSource::Iiab);
  const auto kept = KeepIiabEntries(text);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->entries.size(), 4U);
  EXPECT_EQ(PrintKiwixCatalog("d", {}), "{\"download_date\": \"d\", \"zims\": {}}\n");
  EXPECT_FALSE(KeepIiabEntries("{}"));
}

}  // namespace
}  // namespace cmdsrv
