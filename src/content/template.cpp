#include "content/template.hpp"

#include <fmt/format.h>

#include <cctype>

#include "content/template_parser.hpp"
#include "content/yaml_scalar.hpp"

namespace cmdsrv {
namespace {

using Kind = Expression::Kind;

/// A value, or that there is none: an unknown variable is false, equals nothing and shows as nothing.
using Value = std::optional<json::value>;

bool IsTrue(const Value& value) {
  if (!value || value->is_null()) return false;
  if (value->is_bool()) return value->get_bool();
  if (value->is_int64()) return value->get_int64() != 0;
  if (value->is_double()) return value->get_double() != 0;
  if (value->is_string()) return !value->get_string().empty();
  return value->is_array() ? !value->get_array().empty() : !value->get_object().empty();
}

std::optional<double> NumberOf(const json::value& value) {
  if (value.is_bool()) return value.get_bool() ? 1 : 0;
  if (value.is_int64()) return static_cast<double>(value.get_int64());
  if (value.is_double()) return value.get_double();
  return std::nullopt;
}

bool AreEqual(const Value& left, const Value& right) {
  if (!left || !right) return !left && !right;
  const auto one = NumberOf(*left);
  const auto other = NumberOf(*right);
  return one && other ? *one == *other : *left == *right;
}

/// Empty for lists and objects.
std::optional<std::string> TextOf(const Value& value) {
  if (!value) return std::string();
  if (value->is_string()) return std::string(value->get_string());
  if (value->is_null()) return "None";
  if (value->is_array() || value->is_object()) return std::nullopt;
  return SpellScalar(*value);
}

std::string InCase(std::string text, bool upper) {
  for (char& c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter) c = static_cast<char>(upper ? c & ~0x20 : c | 0x20);
  }
  return text;
}

/// Thrown by a value without a text where one is needed; caught in Render.
struct NoText {};

Value Evaluate(const Expression& expression, const Template::Lookup& lookup) {
  const auto operand = [&](std::size_t i) { return Evaluate(*expression.operands[i], lookup); };
  switch (expression.kind) {
    case Kind::Literal: return expression.literal;
    case Kind::Variable: {
      const json::value* value = lookup(expression.name);
      return value != nullptr ? Value(*value) : std::nullopt;
    }
    case Kind::Default: {
      Value value = operand(0);
      return value ? value : operand(1);
    }
    case Kind::Lower:
    case Kind::Upper: {
      auto text = TextOf(operand(0));
      if (!text) throw NoText{};
      return json::value(InCase(*std::move(text), expression.kind == Kind::Upper));
    }
    case Kind::Equal: return json::value(AreEqual(operand(0), operand(1)));
    case Kind::Not: return json::value(!IsTrue(operand(0)));
    case Kind::And: {
      Value left = operand(0);
      return IsTrue(left) ? operand(1) : left;
    }
    case Kind::Or: {
      Value left = operand(0);
      return IsTrue(left) ? left : operand(1);
    }
    case Kind::If:
      if (IsTrue(operand(1))) return operand(0);
      return expression.operands.size() > 2 ? operand(2) : Value();
  }
  return std::nullopt;
}

}  // namespace

std::optional<Template> Template::Parse(std::string_view text) {
  if (text.find("{%") != std::string_view::npos || text.find("{#") != std::string_view::npos) return std::nullopt;
  Template result;
  for (;;) {
    const std::size_t open = text.find("{{");
    if (open == std::string_view::npos) break;
    const std::size_t size = FindClosing(text.substr(open + 2));
    if (size == std::string_view::npos) return std::nullopt;
    auto expression = ParseExpression(text.substr(open + 2, size), result.names_);
    if (!expression) return std::nullopt;
    result.pieces_.push_back({std::string(text.substr(0, open)), std::move(expression)});
    text.remove_prefix(open + 2 + size + 2);
  }
  result.pieces_.push_back({std::string(text), nullptr});
  return result;
}

std::optional<std::string> Template::Render(const Lookup& lookup, std::size_t most_bytes) const {
  std::string out;
  try {
    for (const Piece& piece : pieces_) {
      out += piece.text;
      if (piece.expression) {
        const auto text = TextOf(Evaluate(*piece.expression, lookup));
        if (!text) return std::nullopt;
        out += *text;
      }
      if (out.size() > most_bytes) return std::nullopt;
    }
  } catch (const NoText&) {
    return std::nullopt;
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

}  // namespace cmdsrv
