#include "base/json.hpp"
#include "base/text.hpp"
#include "store/rows.hpp"

namespace cmdsrv {
namespace {

constexpr std::string_view kTemporary = "temporary";

json::array TextArray(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(ToUtf8(text));  // or the row could never be read again
  return array;
}

Failure WrongType(std::string_view key, std::string_view expected) {
  return Fail(ErrorCode::Corrupt, "cannot read the options of a job: \"{}\" is not {}", key, expected);
}

// A member of a wrong type is an error and not the default: half an argument vector, or no lock, would do harm.

Result<void> ReadTexts(const json::object& object, std::string_view key, std::vector<std::string>& out) {
  const json::value* member = object.if_contains(key);
  if (member == nullptr) return {};
  const json::array* array = member->if_array();
  if (array == nullptr) return WrongType(key, "an array of texts");
  for (const json::value& element : *array) {
    const json::string* text = element.if_string();
    if (text == nullptr) return WrongType(key, "an array of texts");
    out.emplace_back(*text);
  }
  return {};
}

Result<void> ReadText(const json::object& object, std::string_view key, std::string& out) {
  const json::value* member = object.if_contains(key);
  if (member == nullptr) return {};
  const json::string* text = member->if_string();
  if (text == nullptr) return WrongType(key, "a text");
  out = std::string_view(*text);
  return {};
}

Result<void> ReadFlag(const json::object& object, std::string_view key, bool& out) {
  const json::value* member = object.if_contains(key);
  if (member == nullptr) return {};
  const bool* flag = member->if_bool();
  if (flag == nullptr) return WrongType(key, "true or false");
  out = *flag;
  return {};
}

Result<void> ReadService(const json::object& object, std::optional<std::pair<std::string, std::string>>& out) {
  const json::value* member = object.if_contains("service_required");
  if (member == nullptr || member->is_null()) return {};
  std::vector<std::string> texts;
  if (auto read = ReadTexts(object, "service_required", texts); !read) return read;
  if (texts.empty()) return {};
  if (texts.size() != 2) return WrongType("service_required", "a role and a state");
  out.emplace(std::move(texts[0]), std::move(texts[1]));
  return {};
}

json::array SpaceArray(const std::vector<SpaceClaim>& claims) {
  json::array array;
  for (const SpaceClaim& claim : claims) {
    array.push_back(json::object{{"directory", ToUtf8(claim.directory)},
                                 {"bytes", claim.bytes},
                                 {"margin", claim.margin},
                                 {"stays", claim.stays},
                                 {"grows", TextArray(claim.grows)}});
  }
  return array;
}

template <class Number>
Result<void> ReadNumber(const json::object& object, std::string_view key, Number& out) {
  const json::value* member = object.if_contains(key);
  if (member == nullptr) return {};
  boost::system::error_code error;
  out = member->to_number<Number>(error);
  if (error) return WrongType(key, "a whole number");
  return {};
}

Result<void> ReadSpace(const json::object& object, std::vector<SpaceClaim>& out) {
  const json::value* member = object.if_contains("space");
  if (member == nullptr) return {};
  const json::array* array = member->if_array();
  if (array == nullptr) return WrongType("space", "an array of objects");
  for (const json::value& element : *array) {
    const json::object* one = element.if_object();
    if (one == nullptr) return WrongType("space", "an array of objects");
    SpaceClaim claim;
    Result<void> read = ReadText(*one, "directory", claim.directory);
    if (read) read = ReadNumber(*one, "bytes", claim.bytes);
    if (read) read = ReadNumber(*one, "margin", claim.margin);
    if (read) read = ReadNumber(*one, "stays", claim.stays);
    if (read) read = ReadTexts(*one, "grows", claim.grows);
    if (!read) return read;
    out.push_back(std::move(claim));
  }
  return {};
}

}  // namespace

std::string PrintJobOptions(const JobOptions& options) {
  json::object object;
  auto extra_vars = ParseJson(options.extra_vars);
  object["extra_vars"] = extra_vars ? std::move(*extra_vars) : json::value(nullptr);
  object["service_required"] = nullptr;
  if (options.service) object["service_required"] = TextArray({options.service->first, options.service->second});
  if (!options.argv.empty()) object["argv"] = TextArray(options.argv);
  if (!options.cwd.empty()) object["cwd"] = ToUtf8(options.cwd);
  if (!options.locks.empty()) object["locks"] = TextArray(options.locks);
  if (!options.merge.empty()) object["merge"] = ToUtf8(options.merge);
  if (!options.canonical.empty()) object["canonical"] = ToUtf8(options.canonical);
  if (options.ansible) object["ansible"] = true;
  if (options.full_log) object["full_log"] = true;
  if (!options.restartable) object["restartable"] = false;
  if (options.retry == RetryPolicy::Temporary) object["retry"] = kTemporary;
  if (!options.space.empty()) object["space"] = SpaceArray(options.space);
  return PrintJson(object);
}

Result<JobOptions> ParseJobOptions(const std::string& text) {
  JobOptions options;
  if (text.empty()) return options;  // NULL or "" in odd rows
  auto parsed = ParseJson(text);
  if (!parsed) return Fail(ErrorCode::Corrupt, "cannot read the options of a job: {}", parsed.error().message);
  const json::object* object = parsed->if_object();
  if (object == nullptr) return Fail(ErrorCode::Corrupt, "cannot read the options of a job: they are no JSON object");
  if (const json::value* extra_vars = object->if_contains("extra_vars")) options.extra_vars = PrintJson(*extra_vars);
  Result<void> read = ReadService(*object, options.service);
  if (read) read = ReadTexts(*object, "argv", options.argv);
  if (read) read = ReadText(*object, "cwd", options.cwd);
  if (read) read = ReadTexts(*object, "locks", options.locks);
  if (read) read = ReadText(*object, "merge", options.merge);
  if (read) read = ReadText(*object, "canonical", options.canonical);
  if (read) read = ReadFlag(*object, "ansible", options.ansible);
  if (read) read = ReadFlag(*object, "full_log", options.full_log);
  if (read) read = ReadFlag(*object, "restartable", options.restartable);
  if (read) read = ReadSpace(*object, options.space);
  std::string retry;
  if (read) read = ReadText(*object, "retry", retry);
  if (!read) return Failure(read.error());
  for (const std::string& argument : options.argv) {
    if (argument.find('\0') != std::string::npos) return WrongType("argv", "free of NUL");
  }
  if (retry == kTemporary) options.retry = RetryPolicy::Temporary;
  return options;
}

}  // namespace cmdsrv
