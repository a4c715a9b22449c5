#include "daemon/hazard_values.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "daemon/hazard_meanings.hpp"

namespace cmdsrv::test {
namespace {

struct HostileText {
  Hazard hazard;
  std::string text;
};

bool IsSecret(std::string_view name) {
  return name.find("passw") != std::string_view::npos || name.find("authkey") != std::string_view::npos;
}

std::vector<HostileText> HostileTexts(const Parameter& parameter, const Outside& outside) {
  const std::string touch = "touch " + outside.directory + "/pwned";
  const std::string up = "../../../../../../../..";
  std::vector<HostileText> texts = {
      {kTraversal, ".."},
      {kHere, "."},
      {kHere, "/"},
      {kTraversal, "../"},
      {kTraversal, "../hazard"},
      {kTraversal, "a/../../hazard"},
      {kTraversal, outside.Victim()},
      {kTraversal, up + outside.Victim()},
      {kTraversal, up + "/etc/passwd"},
      {kTraversal, "hazard-link/victim"},
      {kTraversal, "usb0/../../hazard"},
      {kOption, fmt::format("-{}", kInjected)},
      {kOption, fmt::format("--{}=1", kInjected)},
      {kOption, fmt::format("x --{} y", kInjected)},
      {kOption, fmt::format("-o{}={}", kInjected, "1")},
      {kShell, fmt::format("$({})", touch)},
      {kShell, fmt::format("`{}`", touch)},
      {kShell, fmt::format("x; {}", touch)},
      {kShell, fmt::format("x | {}", touch)},
      {kShell, fmt::format("x && {}", touch)},
      {kShell, fmt::format("'; {} #", touch)},
      {kShell, fmt::format("\"; {} #", touch)},
      {kShell, fmt::format("x > {}/pwned", outside.directory)},
      {kShell, "${IFS}hazard"},
      {kNewline, fmt::format("x\n{0}: 1\n{0}=1\n", kInjected)},
      {kNewline, fmt::format("x\r\n{}=1", kInjected)},
      {kNewline, "x\n"},
      {kControl, "\x1b]0;hazard\x07"},
      {kControl, "x\x7f"},
      {kNul, std::string("x\0y", 3)},
      {kNul, std::string("\0", 1)},
      {kGlob, "*"},
      {kGlob, "[a-z]*"},
      {kGlob, "?azard"},
      {kEmpty, ""},
      {kBlank, " "},
      {kBlank, " x "},
      {kHuge, std::string(parameter.most_bytes + 1, 'A')},
      {kTemplate, fmt::format("{{{{ lookup('pipe', '{}') }}}}", touch)},
      {kTemplate, "{% raw %}{# hazard #}"},
      {kTemplate, "%s%n%99999999d"},
      {kTemplate, "<script>hazard</script>&\"'"},
      {kUnicode,
       "\xe2\x80\xae"
       "hazard"},
      {kUnicode,
       "\xef\xbb\xbf"
       "hazard"},
  };
  if (IsSecret(parameter.name)) texts.push_back({kPassword, std::string(kSecret)});
  // Of a Command inside a Command nobody knows what it holds.
  if (parameter.name == "command") texts.push_back({kPassword, fmt::format(R"(CHGPW {{"newpasswd": "{}"}})", kSecret)});
  return texts;
}

bool IsOfType(const json::value& value, Type type) {
  switch (type) {
    case Type::Text: return value.is_string();
    case Type::Integer:
    case Type::Number: return value.is_number();
    case Type::Flag: return value.is_bool();
    case Type::TextList:
    case Type::NumberList:
    case Type::ObjectList: return value.is_array() && value.get_array().empty();
    case Type::Object: return value.is_object();
  }
  return true;
}

/// The values of any other JSON type than the one that is wanted.
std::vector<json::value> WrongTypes(Type type) {
  std::vector<json::value> values;
  for (const char* text : {"null", "true", "1", "-1.5", "\"hazard\"", "[]", "[[]]", "[null]", "{}"}) {
    if (json::value value = ParseJson(text).value(); !IsOfType(value, type)) values.push_back(std::move(value));
  }
  return values;
}

/// Numbers at and beyond the bounds of the row, and texts that are none.
std::vector<std::pair<Hazard, json::value>> HostileNumbers(const Parameter& parameter) {
  std::vector<std::pair<Hazard, json::value>> values;
  const bool whole = parameter.type == Type::Integer;
  for (const double number : {parameter.least, parameter.least - 1, parameter.most, parameter.most + 1, -1.0, 0.0, 1.5,
                              -1e308, 1e308, 4294967296.0, 9007199254740993.0}) {
    const bool inside =
        number >= parameter.least && number <= parameter.most && !(whole && number != std::int64_t(number));
    values.emplace_back(inside ? kLimit : kNumber, number);
  }
  for (const json::value& value : {json::value(INT64_MIN), json::value(INT64_MAX), json::value(UINT64_MAX)})
    values.emplace_back(kNumber, value);
  for (const char* text : {"", " 1", "1 ", "0x10", "1;reboot", "NaN", "inf", "-inf", "1e999", "--1", "1\n", "1,5"})
    values.emplace_back(kNumber, text);
  return values;
}

json::value Filled(const json::value& pattern, std::string_view text) {
  if (pattern.is_string()) return pattern.get_string() == kHole ? json::value(text) : pattern;
  if (const auto* array = pattern.if_array()) {
    json::array filled;
    for (const auto& element : *array) filled.push_back(Filled(element, text));
    return filled;
  }
  if (const auto* object = pattern.if_object()) {
    json::object filled;
    for (const auto& [key, value] : *object) filled[key == kHole ? text : std::string_view(key)] = Filled(value, text);
    return filled;
  }
  return pattern;
}

json::value Parsed(std::string_view text) { return ParseJson(text).value(); }

/// A value that the row lets through, and that names nothing.
json::value Harmless(const CommandRowInfo& row, const Parameter& parameter) {
  if (const auto meanings = MeaningsOf(row.verb, parameter.name); !meanings.empty())
    return Parsed(meanings.front().harmless);
  switch (parameter.type) {
    case Type::Integer:
    case Type::Number: return std::clamp(1.0, parameter.least, parameter.most);
    case Type::Flag: return false;
    case Type::NumberList: return json::array{std::clamp(0.0, parameter.least, parameter.most)};
    case Type::Text:
    case Type::TextList:
    case Type::Object:
    case Type::ObjectList: break;
  }
  const auto text = [&]() -> json::value {
    switch (parameter.value_class) {
      case Class::Usb: return "usb9";
      case Class::Language: return "en";
      case Class::Hex32: return json::value(std::string(32, '0'));
      case Class::Uuid: return "00000000-0000-0000-0000-000000000000";
      case Class::OnOff: return "off";
      case Class::Service: return json::array{"kiwix", "active"};
      case Class::Any:
      case Class::SafeName:
      case Class::ExistingName:
      case Class::MenuName:
      case Class::MenuDir: return "hazard_none";
    }
    return "";
  }();
  return parameter.type == Type::TextList && !text.is_array() ? json::value(json::array{text}) : text;
}

class Attacks {
 public:
  Attacks(const CommandRowInfo& row, const Parameter& parameter) : row_(row), parameter_(parameter) {}

  void Add(Hazard hazard, json::value value, unsigned refused, bool by_class) {
    Attack attack{.hazard = hazard, .arguments = {}, .by_class = by_class, .refused = (refused & hazard) != 0};
    for (const Parameter& other : row_.parameters) {
      if (&other == &parameter_ || other.need == Need::Required) attack.arguments[other.name] = Harmless(row_, other);
    }
    // Wrong passwords of one user are answered ever later, so each is of a user of its own.
    if (row_.lane == Lane::Password) attack.arguments["user"] = fmt::format("nobody-{}", attacks_.size());
    attack.arguments[parameter_.name] = std::move(value);
    if (parameter_.lenient) attack.refused = attack.by_class = false;
    attacks_.push_back(std::move(attack));
  }

  std::vector<Attack> attacks_;

 private:
  const CommandRowInfo& row_;
  const Parameter& parameter_;
};

/// What the row alone refuses of a text of this class.
unsigned RefusedByClass(Class value_class) {
  constexpr unsigned kByEveryRow = kNul | kHuge | kWrongType | kNumber;
  switch (value_class) {
    case Class::Any: return kByEveryRow;
    case Class::ExistingName: return kByEveryRow | kTraversal | kHere | kNewline | kControl | kEmpty;
    case Class::SafeName:
    case Class::MenuName:
    case Class::MenuDir:
    case Class::Usb:
    case Class::Language:
    case Class::Hex32:
    case Class::Uuid:
    case Class::Service:
    case Class::OnOff: return kEverything;
  }
  return kEverything;
}

void AddTexts(Attacks& attacks, const Parameter& parameter, const Meaning& meaning, const Outside& outside) {
  const unsigned by_class = RefusedByClass(parameter.value_class);
  const json::value pattern = Parsed(meaning.pattern);
  const bool is_element = parameter.type == Type::Text || parameter.type == Type::TextList;
  for (const auto& [hazard, text] : HostileTexts(parameter, outside)) {
    // How long a text inside an object may be is a matter of the handler.
    const bool checked = is_element && (by_class & hazard) != 0;
    attacks.Add(hazard, Filled(pattern, text), meaning.refused | (checked ? hazard : 0U), checked);
  }
}

void AddMany(Attacks& attacks, const Parameter& parameter) {
  json::array many(parameter.most_elements + 1, parameter.type == Type::ObjectList   ? json::value(json::object{})
                                                : parameter.type == Type::NumberList ? json::value(0)
                                                                                     : json::value("x"));
  attacks.Add(kHuge, std::move(many), kEverything, true);
}

}  // namespace

std::vector<Attack> AttacksOn(const CommandRowInfo& row, const Parameter& parameter, const Outside& outside) {
  Attacks attacks(row, parameter);
  const bool numbers =
      parameter.type == Type::Integer || parameter.type == Type::Number || parameter.type == Type::NumberList;
  const bool list =
      parameter.type == Type::TextList || parameter.type == Type::NumberList || parameter.type == Type::ObjectList;
  std::vector<Meaning> meanings(MeaningsOf(row.verb, parameter.name));
  if (meanings.empty() && !numbers && parameter.type != Type::Flag) {
    if (parameter.value_class == Class::Any) return {};
    const char* pattern = parameter.value_class == Class::Service ? R"(["kiwix", "@"])" : list ? R"(["@"])" : R"("@")";
    meanings.push_back({.pattern = pattern, .refused = RefusedByClass(parameter.value_class)});
    if (parameter.value_class == Class::Service)
      meanings.push_back({.pattern = R"(["@", "active"])", .refused = kEverything});
  }
  for (const Meaning& meaning : meanings) AddTexts(attacks, parameter, meaning, outside);
  if (numbers) {
    for (auto& [hazard, value] : HostileNumbers(parameter))
      attacks.Add(hazard, list ? json::value(json::array{value}) : value, kEverything, hazard != kLimit);
  }
  for (const json::value& value : WrongTypes(parameter.type)) attacks.Add(kWrongType, value, kEverything, true);
  if (list) AddMany(attacks, parameter);
  return attacks.attacks_;
}

std::vector<RawAttack> RawAttacksOn(const CommandRowInfo& row) {
  const std::string verb(row.verb);
  std::string deep = verb + " {\"hazard\": " + std::string(1000, '[') + std::string(1000, ']') + "}";
  std::string keys = verb + " {\"k\": 0";
  for (int i = 0; i < 5000; ++i) keys += fmt::format(", \"hazard-{}\": {}", i, i);
  // A row that wants an argument refuses these for the lack of it.
  const bool unharmed =
      std::ranges::none_of(row.parameters, [](const Parameter& p) { return p.need == Need::Required; });
  return {
      {verb + " {"},
      {verb + " {\"hazard\":"},
      {verb + " []"},
      {verb + " \"hazard\""},
      {verb + " 5"},
      {verb + " null"},
      {verb + " {}{}"},
      {verb + " {} ; reboot"},
      {verb + " {\"hazard\": NaN}"},
      {verb + " {'hazard': 1}"},
      {verb + std::string(" {\"hazard\": \"a\0b\"}", 19)},
      {verb + " {\"hazard\": \"\xff\xfe\"}"},
      {verb + " {\"hazard\": \"\\ud800\"}"},
      {std::move(deep)},
      {verb + " {\"hazard\": \"" + std::string((1U << 20U) + 1, 'A') + "\"}"},
      {"\"" + verb + "\""},
      {verb + ";reboot {}"},
      {verb + "\n" + verb},
      {fmt::format("{}X {{\"password\": \"{}\"}}", verb, kSecret)},
      {fmt::format("{} {{\"password\": \"{}\"", verb, kSecret)},
      {std::move(keys), unharmed},
      {verb + " {\"../hazard\": {\"--hazard\": \"$(reboot)\"}, \"\": null, \"\\u0000\": 1}", unharmed},
  };
}

}  // namespace cmdsrv::test
