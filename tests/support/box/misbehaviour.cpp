#include "support/box/misbehaviour.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace cmdsrv::test {
namespace {

constexpr std::pair<Fault, std::string_view> kNames[] = {
    {Fault::Refuse, "refuse"},
    {Fault::Drop, "drop"},
    {Fault::Stall, "stall"},
    {Fault::Status, "status"},
    {Fault::Html, "html"},
    {Fault::Corrupt, "corrupt"},
    {Fault::Truncate, "truncate"},
    {Fault::Replace, "replace"},
    {Fault::Slow, "slow"},
    {Fault::NoRanges, "no_ranges"},
    {Fault::WrongHash, "wrong_hash"},
};

Result<std::optional<long long>> Number(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_int64()) return value->get_int64();
  if (value->is_string()) {
    if (const auto number = ToInteger(value->get_string())) return *number;
  }
  return Fail(ErrorCode::Malformed, "{} must be a whole number", key);
}

bool IsTrue(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return false;
  if (value->is_bool()) return value->get_bool();
  return value->is_string() && (value->get_string() == "true" || value->get_string() == "1");
}

bool AppliesToBody(Fault fault) { return fault == Fault::Drop || fault == Fault::Stall; }

}  // namespace

std::string_view NameOf(Fault fault) {
  for (const auto& [known, name] : kNames) {
    if (known == fault) return name;
  }
  return "unknown";
}

Result<Misbehaviour> ParseMisbehaviour(const json::object& object) {
  Misbehaviour rule;
  const std::string_view kind = TextMember(object, "kind");
  const auto* known = std::ranges::find(kNames, kind, &std::pair<Fault, std::string_view>::second);
  if (kind == "missing") {
    rule.fault = Fault::Status;
    rule.status = 404;
  } else if (known == std::end(kNames)) {
    return Fail(ErrorCode::Malformed, "kind '{}' is not known", kind);
  } else {
    rule.fault = known->first;
  }
  rule.path = TextMember(object, "path", "*");
  rule.host = TextMember(object, "host");
  rule.file = TextMember(object, "file");
  rule.reset = IsTrue(object, "reset");
  for (const std::string_view key : {"at", "status", "rate", "after", "times"}) {
    const auto number = Number(object, key);
    if (!number) return Failure(number.error());
    if (!*number) continue;
    const long long value = **number;
    if (value < 0 && key != "times") return Fail(ErrorCode::Malformed, "{} must not be negative", key);
    if (key == "at") rule.at = static_cast<std::uint64_t>(value);
    if (key == "status") rule.status = static_cast<int>(value);
    if (key == "rate") rule.rate = static_cast<std::uint64_t>(std::max(1LL, value));
    if (key == "after") rule.after = static_cast<unsigned>(value);
    if (key == "times") rule.times = static_cast<int>(value);
  }
  return rule;
}

int RuleBook::Add(Misbehaviour rule) {
  const std::scoped_lock lock(mutex_);
  entries_.push_back({++last_id_, std::move(rule)});
  return last_id_;
}

void RuleBook::Clear() {
  const std::scoped_lock lock(mutex_);
  entries_.clear();
}

bool RuleBook::Remove(int id) {
  const std::scoped_lock lock(mutex_);
  return std::erase_if(entries_, [id](const Entry& entry) { return entry.id == id; }) > 0;
}

bool RuleBook::Meets(Entry& entry, std::string_view host, std::string_view path) {
  Misbehaviour& rule = entry.rule;
  if (!rule.host.empty() && rule.host != host) return false;
  const std::string_view wanted = rule.path;
  const bool fits = wanted.ends_with('*') ? path.starts_with(wanted.substr(0, wanted.size() - 1)) : path == wanted;
  if (!fits || rule.times == 0) return false;
  if (rule.after > 0) {
    --rule.after;
    return false;
  }
  if (rule.times > 0) --rule.times;
  ++entry.met;
  return true;
}

std::vector<Misbehaviour> RuleBook::ForRequest(std::string_view host, std::string_view path) {
  const std::scoped_lock lock(mutex_);
  std::vector<Misbehaviour> faults;
  for (Entry& entry : entries_) {
    const bool taken = std::ranges::any_of(faults, [&](const auto& other) { return other.fault == entry.rule.fault; });
    if (!taken && !AppliesToBody(entry.rule.fault) && Meets(entry, host, path)) faults.push_back(entry.rule);
  }
  return faults;
}

std::vector<Misbehaviour> RuleBook::ForBody(std::string_view host, std::string_view path, std::uint64_t first,
                                            std::uint64_t end) {
  const std::scoped_lock lock(mutex_);
  std::vector<Misbehaviour> faults;
  for (Entry& entry : entries_) {
    const bool covered = first <= entry.rule.at && entry.rule.at < end;
    if (covered && AppliesToBody(entry.rule.fault) && Meets(entry, host, path)) faults.push_back(entry.rule);
  }
  return faults;
}

json::array RuleBook::Describe() const {
  const std::scoped_lock lock(mutex_);
  json::array rules;
  for (const Entry& entry : entries_) {
    const Misbehaviour& rule = entry.rule;
    rules.push_back({{"id", entry.id},
                     {"kind", NameOf(rule.fault)},
                     {"path", rule.path},
                     {"host", rule.host},
                     {"at", rule.at},
                     {"reset", rule.reset},
                     {"status", rule.status},
                     {"rate", rule.rate},
                     {"file", rule.file},
                     {"after", rule.after},
                     {"times", rule.times},
                     {"met", entry.met}});
  }
  return rules;
}

unsigned RuleBook::TimesMet(int id) const {
  const std::scoped_lock lock(mutex_);
  const auto entry = std::ranges::find(entries_, id, &Entry::id);
  return entry == entries_.end() ? 0 : entry->met;
}

}  // namespace cmdsrv::test
