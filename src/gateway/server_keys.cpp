#include "gateway/server_keys.hpp"

#include "base/json.hpp"
#include "base/log.hpp"
#include "gateway/private_file.hpp"

namespace cmdsrv::gateway {
namespace {

constexpr log::Domain kGateway{"gateway"};
constexpr std::chrono::hours kWeek{7 * 24};
constexpr std::chrono::hours kDay{24};

std::int64_t ToSeconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

Result<ServerKeys::Ring> ServerKeys::Read(const std::string& path) {
  const auto text = ReadPrivateFile(path);
  if (!text) return Failure(text.error());
  const auto value = ParseJson(text->Expose());
  if (!value || !value->is_object()) return Fail(ErrorCode::Corrupt, "{} is no key file", path);
  const auto dated = [&](std::string_view name) -> std::optional<Dated> {
    const auto* member = value->get_object().if_contains(name);
    if (member == nullptr || !member->is_object()) return std::nullopt;
    const auto secret = KeyFromBase64(TextMember(member->get_object(), "secret"));
    const auto* made = member->get_object().if_contains("made");
    if (!secret || made == nullptr || !made->is_int64()) return std::nullopt;
    return Dated{KeyPair::Of(*secret), WallTime(std::chrono::seconds(made->get_int64()))};
  };
  auto current = dated("current");
  if (!current) return Fail(ErrorCode::Corrupt, "{} holds no key", path);
  return Ring{std::move(*current), dated("before")};
}

ServerKeys::ServerKeys(std::string path, const Clock& clock)
    : path_(std::move(path)), clock_(clock), current_{KeyPair::Make(), clock.Wall()} {
  auto ring = Read(path_);
  if (ring) {
    current_ = std::move(ring->current);
    before_ = std::move(ring->before);
    // A box without a battery may have made it in a wrong future; from there a week would never be over.
    if (current_.made > clock_.Wall() + kDay) current_.made = clock_.Wall();
    RotateIfDue();
    return;
  }
  if (ring.error().code != ErrorCode::NotFound) {
    log::Warning(kGateway, "{}; a new key is made, so browsers have to sign in again", ring.error().message);
  }
  Save();
}

bool ServerKeys::BeforeIsGood() const {
  return before_ && clock_.Wall() < current_.made + kDay && clock_.Wall() >= current_.made - kDay;
}

std::optional<Secret> ServerKeys::Open(std::string_view box, const Nonce& nonce, const Key& sender) const {
  auto plain = OpenBox(box, nonce, sender, current_.pair);
  if (!plain && BeforeIsGood()) plain = OpenBox(box, nonce, sender, before_->pair);
  return plain;
}

void ServerKeys::RotateIfDue() {
  if (before_ && !BeforeIsGood()) {
    before_.reset();  // it opens nothing any more, so it need not lie about
    Save();
  }
  if (clock_.Wall() - current_.made < kWeek) return;
  before_ = std::move(current_);
  current_ = {KeyPair::Make(), clock_.Wall()};
  log::Info(kGateway, "made a new key for browsers; the old one is good for another day");
  Save();
}

void ServerKeys::Save() {
  const auto described = [](const Dated& dated) {
    return json::object{{"secret", KeyToBase64(dated.pair.ExposeSecret())}, {"made", ToSeconds(dated.made)}};
  };
  json::object file{{"current", described(current_)}};
  if (before_) file["before"] = described(*before_);
  const Secret text(PrintJson(file) + "\n");
  if (const auto written = WritePrivateFile(path_, text.Expose()); !written) {
    log::Warning(kGateway, "{}; browsers will have to sign in again after a restart", written.error().message);
  }
}

}  // namespace cmdsrv::gateway
