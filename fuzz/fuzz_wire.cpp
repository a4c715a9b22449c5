// The frames of a message and libzmq's property about its sender. A frame ends at a byte 0xFE, which no text holds.
#include <array>
#include <vector>

#include "base/text.hpp"
#include "protocol/command.hpp"
#include "protocol/envelope.hpp"
#include "server/peer.hpp"
#include "target.hpp"

using namespace cmdsrv;

namespace {

void CheckEnvelope(const std::vector<std::string_view>& frames, std::size_t longest) {
  const Envelope envelope = ReadEnvelope(frames, longest);
  FUZZ_CHECK((envelope.kind == FrameKind::Ignore) == frames.empty());
  if (envelope.kind != FrameKind::Request) return;
  FUZZ_CHECK(IsUtf8(envelope.payload) && envelope.payload.size() <= longest);
  FUZZ_CHECK(envelope.payload.find('\0') == std::string_view::npos);
  FUZZ_CHECK(envelope.payload.data() == frames.back().data());
  FUZZ_CHECK(frames.size() == (envelope.delimiter ? 2U : 1U));
  (void)ParseCommand(envelope.payload);
}

void CheckPeer(std::string_view address) {
  const auto peer = ParsePeer(address);
  if (!peer) return;
  FUZZ_CHECK(peer->pid >= 0);
  FUZZ_CHECK(ParsePeer(fmt::format("localhost:{}:{}:{}", peer->uid, peer->gid, peer->pid)) == peer);
  const PeerRules rules{.web_uid = 33, .gateway_uid = 997, .own = std::nullopt};
  FUZZ_CHECK(!rules.MayCall(*peer, Caller::Root) || peer->uid == 0);
  FUZZ_CHECK(!rules.MayCall(*peer, Caller::Console) || rules.MayConnect(*peer));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = AsText(data, size);
  std::vector<std::string_view> frames;
  if (!text.empty()) frames = Split(text, '\xfe');
  CheckEnvelope(frames, 1U << 20U);
  CheckEnvelope(frames, 16);
  CheckPeer(text);
  return 0;
}
