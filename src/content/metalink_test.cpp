#include "content/metalink.hpp"

#include <gmock/gmock.h>

namespace cmdsrv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const std::string kSha256(64, 'A');
const std::string kSha1(40, 'b');

std::string Document(const std::string& inside) {
  return R"(<?xml version="1.0"?><metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="../../etc/passwd">)" +
         inside + "</file></metalink>";
}

std::string Pieces(int count, const std::string& type = "sha-1", const std::string& length = "1048576") {
  std::string text = R"(<pieces type=")" + type + R"(" length=")" + length + R"(">)";
  for (int i = 0; i < count; ++i) text += "<hash>" + kSha1 + "</hash>";
  return text + "</pieces>";
}

constexpr const char* kUrls = R"(<url priority="2">http://b/x.zim</url><url>http://c/x.zim</url>
  <url priority="1">https://a/x.zim</url><url priority="1">file:///etc/passwd</url><url priority="1">--x</url>
  <url priority="3">http://b/x.zim</url><metaurl mediatype="torrent">http://t/x.torrent</metaurl>)";

TEST(ParseMetalink, ReadsWhatCanBeTrusted) {
  const auto metalink =
      ParseMetalink(Document("<size>2097153</size><hash type=\"md5\">1</hash><hash type=\"sha-256\">" + kSha256 +
                             "</hash>" + Pieces(3) + kUrls));
  ASSERT_TRUE(metalink) << metalink.error().message;
  EXPECT_EQ(metalink->size, 2097153U);
  EXPECT_EQ(metalink->sha256, std::string(64, 'a'));
  EXPECT_THAT(metalink->pieces, SizeIs(3));
  EXPECT_EQ(metalink->piece_length, 1048576U);
  EXPECT_THAT(metalink->urls, ElementsAre("https://a/x.zim", "http://b/x.zim", "http://c/x.zim"));
}

TEST(ParseMetalink, DropsPiecesThatDoNotFit) {
  for (const std::string& pieces : {Pieces(2), Pieces(4), Pieces(3, "md5"), Pieces(3, "sha-256"),
                                    Pieces(3, "sha-1", "1"), Pieces(3, "sha-1", "-1"), Pieces(3, "sha-1", "x")}) {
    const auto metalink = ParseMetalink(Document("<size>2097153</size>" + pieces + kUrls));
    ASSERT_TRUE(metalink);
    EXPECT_THAT(metalink->pieces, IsEmpty()) << pieces;
  }
}

TEST(ParseMetalink, WrongHashesAndSizesAreUnknown) {
  const auto metalink =
      ParseMetalink(Document(std::string("<size>-5</size><hash type=\"sha-256\">xyz</hash>") + Pieces(1) + kUrls));
  ASSERT_TRUE(metalink);
  EXPECT_EQ(metalink->size, 0U);
  EXPECT_EQ(metalink->sha256, "");
  EXPECT_THAT(metalink->pieces, IsEmpty());
}

TEST(ParseMetalink, NeedsAnAddress) {
  for (const std::string& text : {std::string(), std::string("<html/>"), std::string("<metalink/>"), Document(""),
                                  Document("<url>file:///x</url>")}) {
    EXPECT_FALSE(ParseMetalink(text)) << text;
  }
}

TEST(PrintMetalink, GivesOurNameAndNoHashOfTheWhole) {
  const auto metalink =
      ParseMetalink(Document("<size>2097153</size><hash type=\"sha-256\">" + kSha256 + "</hash>" + Pieces(3) + kUrls));
  ASSERT_TRUE(metalink);
  const std::string text = PrintMetalink(*metalink, "x.zim.part");
  EXPECT_THAT(text, HasSubstr("name=\"x.zim.part\""));
  EXPECT_THAT(text, Not(HasSubstr("passwd")));
  EXPECT_THAT(text, Not(HasSubstr("torrent")));
  const auto again = ParseMetalink(text);
  ASSERT_TRUE(again) << text;
  EXPECT_EQ(again->urls, metalink->urls);
  EXPECT_EQ(again->pieces, metalink->pieces);
  EXPECT_EQ(again->size, metalink->size);
  EXPECT_EQ(again->sha256, "");
}

}  // namespace
}  // namespace cmdsrv
