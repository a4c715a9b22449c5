#include "commands/arguments.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>

#include "base/names.hpp"
#include "base/text.hpp"
#include "content/roles.hpp"

namespace cmdsrv {
namespace {

std::optional<double> ToNumber(const json::value& value) {
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  if (value.is_double()) return value.get_double();
  if (!value.is_string()) return std::nullopt;
  const std::string_view text = value.get_string();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

bool HasControls(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool IsExistingName(std::string_view text) {
  return !text.empty() && text != "." && text != ".." && text.find('/') == std::string_view::npos;
}

bool IsMember(Class value_class, std::string_view text) {
  switch (value_class) {
    case Class::Any: return true;
    case Class::SafeName: return IsSafeName(text);
    case Class::ExistingName: return IsExistingName(text);
    case Class::MenuName: return IsMenuName(text);
    case Class::MenuDir: return IsMenuDir(text);
    case Class::Usb: return !NormaliseUsb(text).empty();
    case Class::Language: return IsLanguage(text);
    case Class::Hex32: return IsHex32(text);
    case Class::Uuid: return IsUuid(text);
    case Class::Service: return true;  // checked as a pair, see ToTextList
    case Class::OnOff: return text == "on" || text == "off";
  }
  return false;
}

/// The value in its declared type, or what is wrong with it.
using Checked = tl::expected<json::value, std::string>;

tl::unexpected<std::string> Wrong(std::string what) { return tl::unexpected<std::string>(std::move(what)); }

Checked ToText(const Parameter& parameter, const json::value& value) {
  if (!value.is_string()) return Wrong("must be a text");
  const std::string_view text = value.get_string();
  if (text.size() > parameter.most_bytes) return Wrong(fmt::format("must have at most {} bytes", parameter.most_bytes));
  if (text.find('\0') != std::string_view::npos) return Wrong("must not contain NUL");
  if (parameter.value_class != Class::Any && HasControls(text)) return Wrong("must not contain control characters");
  if (!IsMember(parameter.value_class, text)) return Wrong(fmt::format("is no {}", NameOf(parameter.value_class)));
  if (parameter.value_class == Class::Usb) return json::value(NormaliseUsb(text));
  return value;
}

Checked ToRangedNumber(const Parameter& parameter, const json::value& value) {
  const auto number = ToNumber(value);
  if (!number) return Wrong("must be a number");
  if (!(*number >= parameter.least && *number <= parameter.most)) {
    return Wrong(fmt::format("must be from {} to {}", parameter.least, parameter.most));
  }
  return json::value(*number);
}

Checked ToWhole(const Parameter& parameter, const json::value& value) {
  auto number = ToRangedNumber(parameter, value);
  if (!number) return number;
  const double whole = number->get_double();
  if (whole != std::trunc(whole)) return Wrong("must be a whole number");
  return json::value(static_cast<std::int64_t>(whole));
}

Checked ToList(const Parameter& parameter, const json::value& value,
               Checked (*element)(const Parameter&, const json::value&)) {
  if (!value.is_array()) return Wrong("must be a list");
  const json::array& given = value.get_array();
  if (given.size() > parameter.most_elements) {
    return Wrong(fmt::format("must have at most {} elements", parameter.most_elements));
  }
  json::array list;
  list.reserve(given.size());
  for (const auto& item : given) {
    auto checked = element(parameter, item);
    if (!checked) return Wrong(fmt::format("element {} {}", list.size() + 1, checked.error()));
    list.push_back(std::move(*checked));
  }
  return list;
}

bool IsService(const json::value& value, const Arguments::IsRole& is_role) {
  const json::array& pair = value.get_array();
  if (pair.size() != 2 || !IsState(pair[1].get_string())) return false;
  const std::string_view role = pair[0].get_string();
  return is_role ? is_role(role) : FindRole(role) != nullptr;
}

Checked ToObject(const Parameter&, const json::value& value) {
  return value.is_object() ? Checked(value) : Wrong("must be an object");
}

Checked CheckOne(const Parameter& parameter, const json::value& value) {
  switch (parameter.type) {
    case Type::Text: return ToText(parameter, value);
    case Type::Integer: return ToWhole(parameter, value);
    case Type::Number: return ToRangedNumber(parameter, value);
    case Type::Flag: return value.is_bool() ? Checked(value) : Wrong("must be true or false");
    case Type::TextList: return ToList(parameter, value, ToText);
    case Type::NumberList: return ToList(parameter, value, ToRangedNumber);
    case Type::Object: return value.is_object() ? Checked(value) : Wrong("must be an object");
    case Type::ObjectList: break;
  }
  return ToList(parameter, value, ToObject);
}

}  // namespace

Result<Arguments> Arguments::Check(std::span<const Parameter> parameters, const json::object& given,
                                   const IsRole& is_role) {
  Arguments arguments;
  for (const Parameter& parameter : parameters) {
    const json::value* value = given.if_contains(parameter.name);
    if (value == nullptr) {
      if (parameter.need == Need::Required) return Fail(ErrorCode::Malformed, "argument {} is missing", parameter.name);
      continue;
    }
    auto checked = CheckOne(parameter, *value);
    if (checked && parameter.value_class == Class::Service && !IsService(*checked, is_role))
      checked = Wrong("must be a role and one of installed, enabled, active");
    if (checked) {
      arguments.values_.emplace(parameter.name, std::move(*checked));
    } else if (!parameter.lenient) {
      return Fail(ErrorCode::Malformed, "argument {} {}", parameter.name, checked.error());
    }
  }
  return arguments;
}

std::optional<std::string_view> Arguments::Text(std::string_view name) const {
  const json::value* value = values_.if_contains(name);
  if (value == nullptr) return std::nullopt;
  assert(value->is_string());
  return std::string_view(value->get_string());
}

std::optional<std::int64_t> Arguments::Integer(std::string_view name) const {
  const json::value* value = values_.if_contains(name);
  if (value == nullptr) return std::nullopt;
  assert(value->is_int64());
  return value->get_int64();
}

std::optional<double> Arguments::Number(std::string_view name) const {
  const json::value* value = values_.if_contains(name);
  if (value == nullptr) return std::nullopt;
  assert(value->is_double());
  return value->get_double();
}

std::optional<bool> Arguments::Flag(std::string_view name) const {
  const json::value* value = values_.if_contains(name);
  if (value == nullptr) return std::nullopt;
  assert(value->is_bool());
  return value->get_bool();
}

std::vector<std::string> Arguments::TextList(std::string_view name) const {
  std::vector<std::string> list;
  const json::value* value = values_.if_contains(name);
  if (value == nullptr) return list;
  for (const auto& item : value->get_array()) list.emplace_back(std::string_view(item.get_string()));
  return list;
}

std::vector<double> Arguments::NumberList(std::string_view name) const {
  std::vector<double> list;
  const json::value* value = values_.if_contains(name);
  if (value == nullptr) return list;
  for (const auto& item : value->get_array()) list.push_back(item.get_double());
  return list;
}

const json::object* Arguments::Object(std::string_view name) const {
  const json::value* value = values_.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* Arguments::List(std::string_view name) const {
  const json::value* value = values_.if_contains(name);
  return value == nullptr ? nullptr : value->if_array();
}

std::optional<std::pair<std::string, std::string>> Arguments::Service(std::string_view name) const {
  const auto list = TextList(name);
  if (list.size() != 2) return std::nullopt;
  return std::pair(list[0], list[1]);
}

std::string_view NameOf(Type type) {
  switch (type) {
    case Type::Text: return "text";
    case Type::Integer: return "integer";
    case Type::Number: return "number";
    case Type::Flag: return "flag";
    case Type::TextList: return "list of texts";
    case Type::NumberList: return "list of numbers";
    case Type::Object: return "object";
    case Type::ObjectList: return "list of objects";
  }
  return "";
}

std::string_view NameOf(Class value_class) {
  switch (value_class) {
    case Class::Any: return "any";
    case Class::SafeName: return "SAFE-NAME";
    case Class::ExistingName: return "EXISTING-NAME";
    case Class::MenuName: return "MENU-NAME";
    case Class::MenuDir: return "MENU-DIR";
    case Class::Usb: return "USB";
    case Class::Language: return "LANG";
    case Class::Hex32: return "HEX32";
    case Class::Uuid: return "UUID";
    case Class::Service: return "SERVICE";
    case Class::OnOff: return "ON-OFF";
  }
  return "";
}

}  // namespace cmdsrv
