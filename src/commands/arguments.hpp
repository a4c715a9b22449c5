#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace cmdsrv {

enum class Type { Text, Integer, Number, Flag, TextList, NumberList, Object, ObjectList };

/// The value classes of spec commands 0.3, and Any for texts that a handler compares only.
enum class Class { Any, SafeName, ExistingName, MenuName, MenuDir, Usb, Language, Hex32, Uuid, Service, OnOff };

enum class Need { Required, Optional };

/// One argument of a verb: its column in the command table. Texts hold no NUL and no control characters unless Any.
struct Parameter {
  std::string_view name;
  Type type;
  Need need;
  Class value_class = Class::Any;
  double least = -9.0e15;          ///< of numbers, and of each element of a NumberList
  double most = 9.0e15;
  std::size_t most_elements = 1000;
  std::size_t most_bytes = 4096;   ///< of a text
  bool lenient = false;            ///< a value that breaks the rules counts as absent instead of malformed
};

/// The checked arguments of one Command. The getters of absent optional arguments return empty; asking for a name that is
/// not in the row, or with another type, is a bug and ends the test (assert).
class Arguments {
 public:
  /// Malformed, naming the argument and the rule, when one is missing, has the wrong type or a disallowed value. A number
  /// may come as text. Unknown keys are ignored.
  /// `is_role` knows the roles of this box; without it those of the program count.
  using IsRole = std::function<bool(std::string_view role)>;
  static Result<Arguments> Check(std::span<const Parameter> parameters, const json::object& given,
                                 const IsRole& is_role = {});

  std::optional<std::string_view> Text(std::string_view name) const;
  std::optional<std::int64_t> Integer(std::string_view name) const;
  std::optional<double> Number(std::string_view name) const;
  std::optional<bool> Flag(std::string_view name) const;
  std::vector<std::string> TextList(std::string_view name) const;
  std::vector<double> NumberList(std::string_view name) const;
  const json::object* Object(std::string_view name) const;
  /// Of an ObjectList: each element is an object.
  const json::array* List(std::string_view name) const;
  /// A Class::Service argument: role and state.
  std::optional<std::pair<std::string, std::string>> Service(std::string_view name) const;
  bool Has(std::string_view name) const { return values_.if_contains(name) != nullptr; }

 private:
  json::object values_;  ///< only declared names, normalised to their types
};

std::string_view NameOf(Type type);
std::string_view NameOf(Class value_class);

}  // namespace cmdsrv
