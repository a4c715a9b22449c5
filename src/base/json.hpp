#pragma once

#include <boost/json.hpp>

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace cmdsrv {

namespace json = boost::json;

struct JsonLimits {
  std::size_t depth = 64;
  std::size_t bytes = 64U << 20U;
};

/// Strict RFC 8259: no NaN, no comments, no trailing commas, valid UTF-8. The last of duplicate keys wins.
/// Errors: Corrupt with the byte at which it went wrong.
Result<json::value> ParseJson(std::string_view text, const JsonLimits& limits = {});

/// Compact text. Doubles print shortest and readable ("50", "0.5", not "5E1"); member order is kept.
std::string PrintJson(const json::value& value);

/// Two blanks a level and a final newline, as the definition files are written.
std::string PrintJsonIndented(const json::value& value);

/// Keys sorted on every level, no insignificant white space, 1.0 and 1 alike: equal meaning gives equal text.
std::string CanonicalJson(const json::value& value);

/// Appends `text` as a JSON string with its quotes.
void AppendJsonString(std::string& out, std::string_view text);

/// The text member `key`, or `otherwise` when it is absent or not a text.
std::string_view TextMember(const json::object& object, std::string_view key, std::string_view otherwise = {});

}  // namespace cmdsrv
