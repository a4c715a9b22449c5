#include "content/template_parser.hpp"

#include <charconv>
#include <optional>

namespace cmdsrv {
namespace {

using Kind = Expression::Kind;
using Node = std::shared_ptr<const Expression>;

constexpr int kMostBrackets = 20;
constexpr std::size_t kMostOperators = 100;

bool BeginsName(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsName(char c) { return BeginsName(c) || IsDigit(c); }

/// By recursive descent, a function a level of precedence, from `if` (weakest) to filters.
class Parser {
 public:
  Parser(std::string_view text, std::vector<std::string>& names) : rest_(text), names_(names) {}

  Node Whole() {
    Node node = Conditional();
    SkipBlanks();
    return rest_.empty() ? node : nullptr;
  }

 private:
  static Node Make(Kind kind, std::vector<Node> operands) {
    for (const Node& operand : operands) {
      if (!operand) return nullptr;
    }
    auto node = std::make_shared<Expression>();
    node->kind = kind;
    node->operands = std::move(operands);
    return node;
  }

  Node Conditional() {
    Node value = Or();
    if (!value || !TakeWord("if")) return value;
    std::vector<Node> operands = {value, Or()};
    if (TakeWord("else")) operands.push_back(Conditional());
    return Counted() ? Make(Kind::If, std::move(operands)) : nullptr;
  }

  Node Or() {
    Node left = And();
    while (left && TakeWord("or")) left = Counted() ? Make(Kind::Or, {left, And()}) : nullptr;
    return left;
  }

  Node And() {
    Node left = Not();
    while (left && TakeWord("and")) left = Counted() ? Make(Kind::And, {left, Not()}) : nullptr;
    return left;
  }

  Node Not() {
    if (TakeWord("not")) return Counted() ? Make(Kind::Not, {Not()}) : nullptr;
    Node left = Filtered();
    if (left && TakeMark("==")) return Counted() ? Make(Kind::Equal, {left, Filtered()}) : nullptr;
    return left;
  }

  Node Filtered() {
    Node value = Primary();
    while (value && TakeMark("|")) {
      if (!Counted()) return nullptr;
      const std::string_view filter = TakeName();
      if (filter == "lower") {
        value = Make(Kind::Lower, {value});
      } else if (filter == "upper") {
        value = Make(Kind::Upper, {value});
      } else if (filter == "default" && TakeMark("(")) {
        Node otherwise = Conditional();
        if (!TakeMark(")")) return nullptr;
        value = Make(Kind::Default, {value, otherwise});
      } else {
        return nullptr;
      }
    }
    return value;
  }

  Node Primary() {
    if (TakeMark("(")) {
      if (++brackets_ > kMostBrackets) return nullptr;
      Node inner = Conditional();
      --brackets_;
      return TakeMark(")") ? inner : nullptr;
    }
    SkipBlanks();
    if (rest_.empty()) return nullptr;
    const char c = rest_.front();
    if (c == '\'' || c == '"') return Text(c);
    if (IsDigit(c) || c == '-') return Number();
    return Name();
  }

  Node Name() {
    const std::string_view name = TakeName();
    if (name.empty()) return nullptr;
    if (name == "true" || name == "True") return Literal(true);
    if (name == "false" || name == "False") return Literal(false);
    if (name == "none" || name == "None") return Literal(nullptr);
    for (const std::string_view word : {"if", "else", "and", "or", "not", "in", "is"}) {
      if (name == word) return nullptr;
    }
    auto node = std::make_shared<Expression>();
    node->kind = Kind::Variable;
    node->name = name;
    names_.emplace_back(name);
    return node;
  }

  static Node Literal(json::value value) {
    auto node = std::make_shared<Expression>();
    node->literal = std::move(value);
    return node;
  }

  Node Text(char quote) {
    const std::size_t end = rest_.find(quote, 1);
    if (end == std::string_view::npos) return nullptr;
    const std::string_view text = rest_.substr(1, end - 1);
    if (text.find('\\') != std::string_view::npos) return nullptr;
    rest_.remove_prefix(end + 1);
    return Literal(json::value(text));
  }

  Node Number() {
    const std::size_t end = std::min(rest_.find_first_not_of("-.0123456789"), rest_.size());
    const std::string_view text = rest_.substr(0, end);
    if (end < rest_.size() && IsName(rest_[end])) return nullptr;
    rest_.remove_prefix(end);
    std::int64_t whole = 0;
    if (const auto read = std::from_chars(text.data(), text.data() + text.size(), whole);
        read.ec == std::errc{} && read.ptr == text.data() + text.size())
      return Literal(whole);
    double number = 0;
    if (const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
        read.ec == std::errc{} && read.ptr == text.data() + text.size())
      return Literal(number);
    return nullptr;
  }

  void SkipBlanks() {
    const std::size_t end = rest_.find_first_not_of(" \t\n\r");
    rest_.remove_prefix(std::min(end, rest_.size()));
  }

  bool TakeMark(std::string_view mark) {
    SkipBlanks();
    if (!rest_.starts_with(mark)) return false;
    rest_.remove_prefix(mark.size());
    return true;
  }

  std::string_view TakeName() {
    SkipBlanks();
    std::size_t end = 0;
    while (end < rest_.size() && (end == 0 ? BeginsName(rest_[end]) : IsName(rest_[end]))) ++end;
    const std::string_view name = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return name;
  }

  bool TakeWord(std::string_view word) {
    SkipBlanks();
    if (!rest_.starts_with(word) || (rest_.size() > word.size() && IsName(rest_[word.size()]))) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  /// Bounds the depth of the tree and with it every recursion over it.
  bool Counted() { return ++operators_ <= kMostOperators; }

  std::string_view rest_;
  std::vector<std::string>& names_;
  int brackets_ = 0;
  std::size_t operators_ = 0;
};

}  // namespace

Node ParseExpression(std::string_view text, std::vector<std::string>& names) { return Parser(text, names).Whole(); }

std::size_t FindClosing(std::string_view text) {
  char quote = '\0';
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (quote != '\0') {
      if (text[at] == quote) quote = '\0';
    } else if (text[at] == '\'' || text[at] == '"') {
      quote = text[at];
    } else if (text.substr(at).starts_with("}}")) {
      return at;
    }
  }
  return std::string_view::npos;
}

}  // namespace cmdsrv
