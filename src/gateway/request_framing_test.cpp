#include "gateway/request_framing.hpp"

#include <gtest/gtest.h>

namespace cmdsrv::gateway {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

RequestFraming Judge(Headers headers) {
  HttpRequest request;
  request.headers = std::move(headers);
  return JudgeFraming(request, 1000, 50);
}

TEST(RequestFramingTest, OrdinaryRequestsComeIn) {
  EXPECT_EQ(Judge({}).refusal, 0);
  EXPECT_EQ(Judge({}).body_bytes, 0U);
  const auto post = Judge({{"Host", "box.lan:80"}, {"content-LENGTH", "1000"}, {"X-A", "tab\tand \xc3\xa4"}});
  EXPECT_EQ(post.refusal, 0);
  EXPECT_EQ(post.body_bytes, 1000U);
  EXPECT_EQ(Judge({{"Host", "[::1]:8080"}}).refusal, 0);
}

TEST(RequestFramingTest, WhatTwoServersCouldReadDifferentlyIsRefused) {
  const std::vector<Headers> smuggled{
      {{"Content-Length", "5"}, {"Content-Length", "5"}},
      {{"Content-Length", "5"}, {"content-length", "6"}},
      {{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}},
      {{"Content-Length ", "5"}},
      {{"", "5"}},
      {{"X-A", "folded\r\n Content-Length: 5"}},
      {{"X-A", "bare\rreturn"}},
      {{"X-A", std::string("nul\0", 4)}},
      {{"Host", "one"}, {"host", "two"}},
      {{"Host", ""}},
      {{"Host", "a/../b"}},
      {{"Host", std::string(262, 'a')}},
  };
  for (const auto& headers : smuggled) EXPECT_EQ(Judge(headers).refusal, 400) << headers.front().first;
}

TEST(RequestFramingTest, LimitsHaveTheirOwnStatus) {
  EXPECT_EQ(Judge({{"Transfer-Encoding", "chunked"}}).refusal, 411);
  EXPECT_EQ(Judge({{"X-A", std::string(51, 'a')}}).refusal, 431);
  EXPECT_EQ(Judge({{"Content-Length", "1001"}}).refusal, 413);
  EXPECT_EQ(Judge({{"Content-Length", "99999999999999999999"}}).refusal, 413);
  for (const char* length : {"-1", "0x10", "5,5", "", "+5", " 5"})
    EXPECT_EQ(Judge({{"Content-Length", length}}).refusal, 400) << length;
}

}  // namespace
}  // namespace cmdsrv::gateway
