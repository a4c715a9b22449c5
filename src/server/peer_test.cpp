#include "server/peer.hpp"

#include <gtest/gtest.h>

namespace cmdsrv {
namespace {

TEST(Peer, AddressOfLibzmqIsRead) {
  EXPECT_EQ(ParsePeer("localhost:33:34:1234"), (Peer{33, 34, 1234}));
  EXPECT_EQ(ParsePeer("localhost:0:0:0"), (Peer{0, 0, 0}));
}

TEST(Peer, AnythingElseIsNobody) {
  for (const char* address :
       {"", "localhost", "127.0.0.1", "localhost:33:33", "localhost:33:33:1:1", "localhost:x:0:1", "localhost:-1:0:1",
        "localhost:4294967295:0:1", "localhost:33:33:-5", "localhost::0:1", "localhost: 0:0:1"}) {
    EXPECT_FALSE(ParsePeer(address)) << address;
  }
}

TEST(PeerRules, RootAndTheWebAccountMayConnect) {
  const PeerRules rules{.web_uid = 33, .own = {}};
  EXPECT_TRUE(rules.MayConnect({0, 0, 1}));
  EXPECT_TRUE(rules.MayConnect({33, 33, 1}));
  EXPECT_FALSE(rules.MayConnect({1000, 33, 1}));
  EXPECT_FALSE(rules.MayConnect(Peer{}));
}

TEST(PeerRules, TheGatewayMayHaveAnAccountOfItsOwn) {
  const PeerRules rules{.web_uid = 33, .gateway_uid = 990, .own = {}};
  const Peer gateway{990, 990, 1};
  EXPECT_TRUE(rules.MayConnect(gateway));
  EXPECT_TRUE(rules.MayCall(gateway, Caller::Gateway));
  EXPECT_TRUE(rules.MayCall(gateway, Caller::Console));
  EXPECT_FALSE(rules.MayCall(gateway, Caller::Root));
  EXPECT_FALSE(rules.MayConnect({991, 33, 1}));
}

TEST(PeerRules, OwnUidIsRootInABoxOnly) {
  EXPECT_TRUE((PeerRules{.web_uid = 33, .own = 1000}.IsRoot({1000, 1000, 1})));
  EXPECT_FALSE((PeerRules{.web_uid = 33, .own = {}}.IsRoot({1000, 1000, 1})));
  EXPECT_FALSE((PeerRules{.web_uid = 33, .own = {}}.IsRoot(Peer{})));
}

TEST(PeerRules, CallersOfTheTable) {
  const PeerRules rules{.web_uid = 33, .own = {}};
  const Peer root{0, 0, 1};
  const Peer web{33, 33, 1};
  const Peer other{7, 7, 1};
  for (const Caller caller : {Caller::Console, Caller::Gateway}) {
    EXPECT_TRUE(rules.MayCall(root, caller));
    EXPECT_TRUE(rules.MayCall(web, caller));
    EXPECT_FALSE(rules.MayCall(other, caller));
  }
  EXPECT_TRUE(rules.MayCall(root, Caller::Root));
  EXPECT_FALSE(rules.MayCall(web, Caller::Root));
}

}  // namespace
}  // namespace cmdsrv
