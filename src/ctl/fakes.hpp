#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ctl/session.hpp"

/// A server, a terminal and a time that do what a test says. For tests of this room only.
namespace cmdsrv::ctl::fakes {

/// Answers each verb with its prepared replies in turn; the last one stays.
class FakeServer final : public Asker {
 public:
  std::map<std::string, std::deque<Result<std::string>>, std::less<>> replies;
  std::vector<std::string> asked;
  std::vector<std::chrono::milliseconds> deadlines;
  std::deque<Result<std::string>> late_replies;  ///< for WaitOn
  std::function<void(std::string_view)> on_ask;

  void Say(const std::string& verb, std::string reply) { replies[verb].emplace_back(std::move(reply)); }
  void BreakDown(const std::string& verb, ErrorCode code, std::string why) {
    replies[verb].emplace_back(Failure(Error{code, std::move(why)}));
  }

  Result<std::string> Ask(std::string_view command, std::chrono::milliseconds deadline) override {
    asked.emplace_back(command);
    deadlines.push_back(deadline);
    if (on_ask) on_ask(command);
    const auto found = replies.find(command.substr(0, command.find(' ')));
    if (found == replies.end()) return Fail(ErrorCode::Unavailable, "cannot connect: no such server");
    auto reply = found->second.front();
    if (found->second.size() > 1) found->second.pop_front();
    return reply;
  }

  Result<std::string> WaitOn(std::chrono::milliseconds deadline) override {
    deadlines.push_back(deadline);
    if (late_replies.empty()) return Fail(ErrorCode::Timeout, "no reply");
    auto reply = late_replies.front();
    late_replies.pop_front();
    return reply;
  }
};

class FakeScreen final : public Screen {
 public:
  std::string out, error, last_words;
  std::vector<std::string> questions;
  std::deque<bool> answers;  ///< to questions; none left: nobody sits there
  bool terminal = false, redraws = false, colors = false;
  Size size;

  void Out(std::string_view text) override { out += text; }
  void Error(std::string_view text) override { error += text; }
  bool IsTerminal() const override { return terminal; }
  bool Redraws() const override { return redraws; }
  bool Colors() const override { return colors; }
  Size GetSize() const override { return size; }
  bool AskYes(std::string_view question) override {
    questions.emplace_back(question);
    if (answers.empty()) return false;
    const bool answer = answers.front();
    answers.pop_front();
    return answer;
  }
  void SayOnInterrupt(std::string_view text) override { last_words = text; }
};

class FakePauser final : public Pauser {
 public:
  explicit FakePauser(ManualClock& clock) : clock_(clock) {}
  std::vector<std::chrono::milliseconds> pauses;
  void Pause(std::chrono::milliseconds duration) override {
    pauses.push_back(duration);
    clock_.Advance(duration);
  }

 private:
  ManualClock& clock_;
};

/// All of it together. A server at an explicit socket, so that no pid file is looked for.
struct World {
  Options options;
  ServerFiles files;
  FakeServer server;
  FakeScreen screen;
  ManualClock clock;
  FakePauser pauser{clock};

  World() { options.socket = "/nowhere/sock"; }
  Session Begin() {
    files = FindServerFiles(options);
    return Session{options, files, server, screen, clock, pauser, options.timeout.value_or(kReplyTime)};
  }
};

/// A row of GET-JOB-STAT; `more` are further members, ", \"key\": value".
inline std::string Row(int id, std::string_view status, int step = 1, int steps = 1, std::string_view more = "") {
  return fmt::format(
      R"({{"job_id": {}, "group_id": 7, "step_no": {}, "step_count": {}, "job_status": "{}",)"
      R"( "job_command": "iiab-cmdsrv-step zim-install wiki", "cmd_msg": "INST-ZIMS {{\"zim_id\": \"x\"}}",)"
      R"( "job_output": "", "elapsed_sec": 0{}}})",
      id, step, steps, status, more);
}

/// An event of WAIT-EVENTS, and its reply.
inline std::string Event(int id, int group, std::string_view status, std::string_view more = "") {
  return fmt::format(R"({{"seq": 1, "job_id": {}, "group_id": {}, "job_status": "{}"{}}})", id, group, status, more);
}
inline std::string Events(int seq, bool snapshot, const std::vector<std::string>& events) {
  return fmt::format(R"({{"seq": {}, "snapshot": {}, "events": [{}]}})", seq, snapshot, fmt::join(events, ", "));
}

inline std::string Rows(const std::vector<std::string>& rows) { return fmt::format("[{}]", fmt::join(rows, ", ")); }

}  // namespace cmdsrv::ctl::fakes
