#include "ctl/status_text.hpp"

#include <fmt/format.h>

#include "ctl/job_texts.hpp"
#include "ctl/shown_text.hpp"
#include "ctl/text_table.hpp"

namespace cmdsrv::ctl {
namespace {

std::string Line(const json::object& object, std::string_view key) { return CleanLine(TextMember(object, key)); }

const json::object& ObjectOf(const json::value& value) {
  static const json::object kEmpty;
  return value.is_object() ? value.get_object() : kEmpty;
}

const json::value& Member(const json::object& object, std::string_view key) {
  static const json::value kNull;
  const json::value* value = object.if_contains(key);
  return value == nullptr ? kNull : *value;
}

bool Flag(const json::object& object, std::string_view key) {
  const json::value& value = Member(object, key);
  return value.is_bool() && value.get_bool();
}

std::int64_t Count(const json::object& object, std::string_view key) {
  const json::value& value = Member(object, key);
  if (!value.is_number()) return 0;
  boost::system::error_code error;
  const auto number = value.to_number<std::int64_t>(error);
  return error || number < 0 ? 0 : number;
}

std::string NeedsText(const json::object& command) {
  std::string text;
  for (const auto& [key, word] : {std::pair{"internet", "internet"}, {"jobs", "jobs"}, {"sensitive", "secret"}}) {
    if (Flag(command, key)) text += (text.empty() ? "" : ",") + std::string(word);
  }
  return text;
}

}  // namespace

std::string HealthState(const json::value& health) {
  const std::string state = Line(ObjectOf(health), "state");
  return state.empty() ? "unknown" : state;
}

std::string VersionText(const json::value& health) {
  const std::string version = Line(ObjectOf(health), "version");
  return fmt::format("{}, up {}", version.empty() ? "unknown" : version,
                     DurationText(Count(ObjectOf(health), "uptime_s")));
}

std::string HealthTable(const json::value& health, bool all, std::size_t width, bool colors) {
  Table table({{.title = "PART"}, {.title = "STATE", .colored = true}, {.title = "ADVICE", .elastic = true}});
  for (const auto& part : ObjectOf(Member(ObjectOf(health), "parts"))) {
    const json::object& facts = ObjectOf(part.value());
    const std::string state = Line(facts, "state");
    if (all || state != "good") table.Add({CleanLine(part.key()), state, Line(facts, "advice")});
  }
  return table.Empty() ? "" : table.Print(width, colors);
}

std::string ActiveText(const json::value& summary) {
  const json::object& facts = ObjectOf(summary);
  const std::int64_t restarted = Count(facts, "RESTARTED"), running = Count(facts, "STARTED") + restarted;
  std::string text = running == 0 ? "none running" : fmt::format("{} running", running);
  if (restarted > 0) text += fmt::format(" ({} of them started again)", restarted);
  if (Flag(facts, "ansible_running_flag")) text += ", ansible runs";
  return text;
}

std::string CommandTable(const json::array& commands, std::size_t width) {
  Table table({{.title = "VERB"}, {.title = "CALLER"}, {.title = "FLAGS"}, {.title = "SUMMARY", .elastic = true}});
  for (const json::value& value : commands) {
    const json::object& row = ObjectOf(value);
    table.Add({Line(row, "verb"), Line(row, "caller"), NeedsText(row), Line(row, "summary")});
  }
  return table.Print(width, false);
}

std::string CommandDetail(const json::object& command, std::size_t width) {
  std::string text = fmt::format("{}: {}\n", Line(command, "verb"), Line(command, "summary"));
  text += fmt::format("caller: {}     lane: {}\n", Line(command, "caller"), Line(command, "lane"));
  if (Flag(command, "internet")) text += "It needs the internet.\n";
  if (Flag(command, "jobs")) text += "It makes jobs: --wait follows them to their end.\n";
  if (Flag(command, "sensitive"))
    text += "Its arguments are secret: give them with -f FILE or -f - rather than as words.\n";
  Table table({{.title = "PARAMETER"}, {.title = "TYPE"}, {.title = "NEED"}, {.title = "CLASS", .elastic = true}});
  const json::value& parameters = Member(command, "parameters");
  if (parameters.is_array()) {
    for (const json::value& value : parameters.get_array()) {
      const json::object& row = ObjectOf(value);
      table.Add(
          {Line(row, "name"), Line(row, "type"), Flag(row, "required") ? "required" : "optional", Line(row, "class")});
    }
  }
  return text + (table.Empty() ? "It takes no parameters.\n" : table.Print(width, false));
}

}  // namespace cmdsrv::ctl
