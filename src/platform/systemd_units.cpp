#include "platform/systemd_units.hpp"

#include <poll.h>
#include <systemd/sd-bus.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <memory>

#include "base/text.hpp"
#include "platform/files.hpp"
#include "platform/process.hpp"

namespace cmdsrv {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kBusDeadline{2000};  // it answers within a few; later ones are asked of systemctl
constexpr std::size_t kMostOutput = 256U << 10U;

constexpr const char* kSystemd = "org.freedesktop.systemd1";
constexpr const char* kSystemdPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";

struct CloseBus {
  void operator()(sd_bus* bus) const { sd_bus_close_unref(bus); }
};
struct DropMessage {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, DropMessage>;

bool IsTemplate(std::string_view unit) { return unit.find("@.") != std::string_view::npos; }
bool IsInstance(std::string_view unit) { return unit.find('@') != std::string_view::npos && !IsTemplate(unit); }

/// systemd's words, nothing that only looks like one.
std::string Word(const char* text) { return PrintableAscii(text == nullptr ? "" : text, 40); }

/// One round of questions over one connection.
class Round {
 public:
  explicit Round(const UnitQuestion& question) : question_(question), facts_(question.units.size()) {
    for (std::size_t i = 0; i < question.units.size(); ++i) {
      if (!IsTemplate(question.units[i])) plain_.push_back(i);  // a template is never active, and systemd refuses it
    }
  }

  Result<std::vector<UnitFacts>> Ask(const std::string& address) {
    if (auto begun = Begin(address); !begun) return Failure(begun.error());
    const auto end = Steady::now() + std::min(question_.deadline, kBusDeadline);
    while (open_ > 0 && error_.empty()) {
      const int r = sd_bus_process(bus_.get(), nullptr);
      if (r < 0) return CannotTalk(r);
      if (r > 0) continue;
      if (auto waited = Wait(end); !waited) return Failure(waited.error());
    }
    if (!error_.empty()) return Fail(ErrorCode::Unavailable, "systemd does not tell about units: {}", error_);
    return std::move(facts_);
  }

 private:
  struct Call {
    Round* round;
    std::size_t unit;
    void (Round::*take)(sd_bus_message* reply, std::size_t unit);
  };

  static Failure CannotTalk(int result) {
    return Fail(ErrorCode::Unavailable, "cannot talk to systemd over D-Bus: {}", Reason(-result));
  }

  Result<void> Begin(const std::string& address) {
    sd_bus* made = nullptr;
    if (const int r = sd_bus_new(&made); r < 0) return CannotTalk(r);
    bus_.reset(made);
    int r = sd_bus_set_address(made, address.c_str());
    if (r >= 0) r = sd_bus_set_bus_client(made, 1);
    if (r >= 0) r = sd_bus_start(made);
    if (r >= 0) r = AskForStates();
    if (r >= 0) r = AskForFiles();
    return r < 0 ? Result<void>(CannotTalk(r)) : Result<void>();
  }

  int AskForStates() {
    if (plain_.empty()) return 0;
    Message message = NewCall("ListUnitsByNames");
    if (!message) return -ENOMEM;
    std::vector<std::string> names;
    for (const std::size_t i : plain_) names.push_back(question_.units[i]);
    const int r = AppendTexts(message.get(), names);
    return r < 0 ? r : Send(message.get(), &Round::TakeStates, 0);
  }

  /// The list of files has no instances of templates; those are asked for one by one, in the same round.
  int AskForFiles() {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < question_.units.size(); ++i) {
      const std::string& unit = question_.units[i];
      if (!IsInstance(unit)) {
        names.push_back(unit);
        continue;
      }
      Message message = NewCall("GetUnitFileState");
      int r = message ? sd_bus_message_append(message.get(), "s", unit.c_str()) : -ENOMEM;
      if (r >= 0) r = Send(message.get(), &Round::TakeFile, i);
      if (r < 0) return r;
    }
    if (names.empty()) return 0;
    Message message = NewCall("ListUnitFilesByPatterns");
    int r = message ? sd_bus_message_append(message.get(), "as", 0) : -ENOMEM;
    if (r >= 0) r = AppendTexts(message.get(), names);
    return r < 0 ? r : Send(message.get(), &Round::TakeFiles, 0);
  }

  Message NewCall(const char* method) {
    sd_bus_message* made = nullptr;
    (void)sd_bus_message_new_method_call(bus_.get(), &made, kSystemd, kSystemdPath, kManager, method);
    return Message(made);
  }

  static int AppendTexts(sd_bus_message* message, const std::vector<std::string>& texts) {
    int r = sd_bus_message_open_container(message, 'a', "s");
    for (const std::string& text : texts) {
      if (r >= 0) r = sd_bus_message_append(message, "s", text.c_str());
    }
    return r >= 0 ? sd_bus_message_close_container(message) : r;
  }

  int Send(sd_bus_message* message, void (Round::*take)(sd_bus_message*, std::size_t), std::size_t unit) {
    calls_.push_back(std::make_unique<Call>(Call{this, unit, take}));
    const int r = sd_bus_call_async(bus_.get(), nullptr, message, OnReply, calls_.back().get(), 0);
    if (r >= 0) ++open_;
    return r;
  }

  static int OnReply(sd_bus_message* reply, void* data, sd_bus_error*) {
    const Call& call = *static_cast<Call*>(data);
    --call.round->open_;
    (call.round->*call.take)(reply, call.unit);
    return 0;
  }

  /// True when the reply is an error, which then is that of the whole round.
  bool IsRefused(sd_bus_message* reply) {
    const sd_bus_error* error = sd_bus_message_get_error(reply);
    if (error == nullptr) return false;
    error_ = PrintableAscii(error->message == nullptr ? error->name : error->message, 200);
    return true;
  }

  /// In the order of the question; the names in the answer may be others, because units have aliases.
  void TakeStates(sd_bus_message* reply, std::size_t) {
    if (IsRefused(reply)) return;
    std::size_t next = 0;
    int r = sd_bus_message_enter_container(reply, 'a', "(ssssssouso)");
    while (r > 0 && (r = sd_bus_message_enter_container(reply, 'r', "ssssssouso")) > 0) {
      const char* active = nullptr;
      r = sd_bus_message_skip(reply, "sss");
      if (r >= 0) r = sd_bus_message_read(reply, "s", &active);
      if (r >= 0) r = sd_bus_message_skip(reply, "ssouso");
      if (r >= 0) r = sd_bus_message_exit_container(reply);
      if (r >= 0 && next < plain_.size()) facts_[plain_[next++]].active = Word(active);
    }
    if (r < 0 || next != plain_.size()) error_ = "its answer is incomplete";
  }

  void TakeFiles(sd_bus_message* reply, std::size_t) {
    if (IsRefused(reply)) return;
    std::map<std::string, std::string, std::less<>> states;
    int r = sd_bus_message_enter_container(reply, 'a', "(ss)");
    const char* path = nullptr;
    const char* state = nullptr;
    while (r >= 0 && (r = sd_bus_message_read(reply, "(ss)", &path, &state)) > 0) {
      const std::string_view file(path);
      states.emplace(file.substr(file.rfind('/') + 1), Word(state));
    }
    if (r < 0) {
      error_ = "its list of unit files cannot be read";
      return;
    }
    for (std::size_t i = 0; i < facts_.size(); ++i) {
      const auto found = states.find(question_.units[i]);
      if (found != states.end()) facts_[i].file = found->second;
    }
  }

  void TakeFile(sd_bus_message* reply, std::size_t unit) {
    const char* state = nullptr;
    if (sd_bus_message_get_error(reply) != nullptr) return;  // there is no such unit
    if (sd_bus_message_read(reply, "s", &state) > 0) facts_[unit].file = Word(state);
  }

  Result<void> Wait(Steady::time_point end) {
    const auto left = std::chrono::ceil<milliseconds>(end - Steady::now()).count();
    if (left <= 0) return Fail(ErrorCode::Timeout, "systemd did not answer over D-Bus in time");
    const int events = sd_bus_get_events(bus_.get());
    if (events < 0) return CannotTalk(events);
    std::array<pollfd, 2> watched{
        {{sd_bus_get_fd(bus_.get()), static_cast<short>(events), 0}, {question_.stop_fd, POLLIN, 0}}};
    (void)::poll(watched.data(), watched.size(), static_cast<int>(left));
    if (watched[1].revents != 0) return Fail(ErrorCode::Unavailable, "the server stops");
    return {};
  }

  const UnitQuestion& question_;
  std::vector<std::size_t> plain_;  ///< indexes of units that systemd can load
  std::vector<UnitFacts> facts_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::size_t open_ = 0;  ///< calls without a reply
  std::string error_;
  std::unique_ptr<sd_bus, CloseBus> bus_;  ///< goes first: its slots point to the calls
};

Result<RunOutcome> RunSystemctl(const Root& root, const UnitQuestion& question, std::vector<std::string> arguments) {
  const auto program = root.FindProgram("systemctl");
  if (!program) return Failure(program.error());
  arguments.insert(arguments.begin(), *program);
  RunOptions options;
  options.deadline = question.deadline;
  options.environment = ChildEnvironment(root);
  options.output_limit = kMostOutput;
  options.cancel_fd = question.stop_fd;
  return RunProgram(arguments, options);
}

/// `systemctl show` prints the properties of one unit after the other, in the order asked for, with a blank line
/// between.
void TakeProperty(std::string_view line, UnitFacts& facts) {
  const std::size_t equals = line.find('=');
  const std::string_view key = line.substr(0, equals);
  const std::string value = PrintableAscii(equals == std::string_view::npos ? "" : line.substr(equals + 1), 40);
  if (value.empty()) return;
  if (key == "ActiveState") facts.active = value;
  if (key == "UnitFileState") facts.file = value;
}

Result<std::vector<UnitFacts>> ParseShown(std::string_view text, std::size_t count) {
  std::vector<UnitFacts> shown;
  bool in_block = false;
  for (const std::string_view line : Split(text, '\n')) {
    if (line.empty()) {
      in_block = false;
      continue;
    }
    if (!in_block) shown.emplace_back();
    in_block = true;
    TakeProperty(line, shown.back());
  }
  if (shown.size() != count)
    return Fail(ErrorCode::Unavailable, "systemctl told about {} units instead of {}", shown.size(), count);
  return shown;
}

}  // namespace

bool UnitFacts::IsActive() const { return active == "active" || active == "reloading" || active == "refreshing"; }

bool UnitFacts::IsEnabled() const {
  constexpr std::array<std::string_view, 6> kYes = {"enabled", "enabled-runtime", "static",
                                                    "alias",   "indirect",        "generated"};
  return std::ranges::find(kYes, file) != kYes.end();
}

bool IsUnitName(std::string_view text) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@";
  constexpr std::array<std::string_view, 6> kSuffixes = {".service", ".socket", ".timer", ".path", ".mount", ".target"};
  if (text.empty() || text.size() > 255 || text[0] == '-' || text[0] == '.') return false;
  if (text.find_first_not_of(kAllowed) != std::string_view::npos) return false;
  return std::ranges::any_of(kSuffixes, [&](auto suffix) { return text.ends_with(suffix) && text != suffix; });
}

std::string SystemBusAddress(const Root& root) {
  const std::string socket = root.Path("/run/dbus/system_bus_socket");
  const bool booted = Look(root.Path("/run/systemd/system")).has_value() && Look(socket).has_value();
  return booted ? "unix:path=" + socket : std::string();
}

Result<std::vector<UnitFacts>> AskSystemd(const std::string& address, const UnitQuestion& question) {
  if (question.units.empty()) return std::vector<UnitFacts>{};
  return Round(question).Ask(address);
}

Result<std::vector<UnitFacts>> AskSystemctl(const Root& root, const UnitQuestion& question) {
  std::vector<std::string> show{"show", "--property=ActiveState", "--property=UnitFileState", "--"};
  std::vector<std::size_t> plain;
  std::vector<UnitFacts> facts(question.units.size());
  for (std::size_t i = 0; i < question.units.size(); ++i) {
    if (!IsTemplate(question.units[i])) {
      plain.push_back(i);
      show.push_back(question.units[i]);
      continue;
    }
    const auto outcome = RunSystemctl(root, question, {"is-enabled", "--", question.units[i]});
    if (!outcome) return Failure(outcome.error());
    const std::string_view word = Trim(std::string_view(outcome->output).substr(0, outcome->output.find('\n')));
    if (!word.empty()) facts[i].file = PrintableAscii(word, 40);
  }
  if (plain.empty()) return facts;
  const auto outcome = RunSystemctl(root, question, show);
  if (!outcome) return Failure(outcome.error());
  if (!outcome->exited || outcome->status != 0)
    return Fail(ErrorCode::Unavailable, "systemctl did not tell about units: {}", Describe(*outcome));
  auto shown = ParseShown(outcome->output, plain.size());
  if (!shown) return shown;
  for (std::size_t i = 0; i < plain.size(); ++i) facts[plain[i]] = std::move((*shown)[i]);
  return facts;
}

Result<std::vector<UnitFacts>> LookAtUnits(const Root& root, const UnitQuestion& question) {
  if (const std::string address = SystemBusAddress(root); !address.empty()) {
    auto facts = AskSystemd(address, question);
    if (facts) return facts;
  }
  return AskSystemctl(root, question);
}

}  // namespace cmdsrv
