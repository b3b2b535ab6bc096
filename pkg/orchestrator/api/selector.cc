#include "orchestrator/api/selector.h"

#include <algorithm>
#include <tuple>

#include "base/strings.h"
#include "orchestrator/api/names.h"

namespace appliance::orchestrator::api {
namespace {

using Operator = Requirement::Operator;

enum class Token : unsigned char {
  kEnd,
  kIdentifier,
  kIn,
  kNotIn,
  kOpen,
  kClose,
  kComma,
  kNot,
  kEquals,
  kDoubleEquals,
  kNotEquals,
  kGreater,
  kLess,
  kError
};

struct Lexeme {
  Token token = Token::kEnd;
  std::string text;
};

constexpr std::pair<std::string_view, Token> kSymbols[] = {
    {"(", Token::kOpen},       {")", Token::kClose},   {",", Token::kComma},
    {"!", Token::kNot},        {"=", Token::kEquals},  {"==", Token::kDoubleEquals},
    {"!=", Token::kNotEquals}, {">", Token::kGreater}, {"<", Token::kLess}};

bool is_symbol(char c) { return std::string_view("=!(),><").find(c) != std::string_view::npos; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::vector<Lexeme> lex(std::string_view text) {
  std::vector<Lexeme> out;
  size_t at = 0;
  while (at < text.size()) {
    if (is_blank(text[at])) {
      ++at;
      continue;
    }
    if (is_symbol(text[at])) {  // the longest symbol that begins here
      Lexeme found{.token = Token::kError, .text = std::string(1, text[at])};
      for (const auto& [symbol, token] : kSymbols)
        if (text.substr(at).starts_with(symbol) && (found.token == Token::kError || symbol.size() > found.text.size()))
          found = {token, std::string(symbol)};
      at += found.text.size();
      out.push_back(std::move(found));
      continue;
    }
    const size_t from = at;
    while (at < text.size() && !is_symbol(text[at]) && !is_blank(text[at])) ++at;
    const std::string word(text.substr(from, at - from));
    out.push_back({word == "in" ? Token::kIn : word == "notin" ? Token::kNotIn : Token::kIdentifier, word});
  }
  out.push_back({});
  return out;
}

// Recursive descent over the grammar of the real server, with its words for what it found and what it expected.
class Parser {
 public:
  explicit Parser(std::string_view text) : lexemes_(lex(text)) {}

  Result<std::vector<Requirement>> parse() {
    std::vector<Requirement> out;
    while (true) {
      const Lexeme next = look(true);
      if (next.token == Token::kEnd) return out;
      if (next.token != Token::kIdentifier && next.token != Token::kNot)
        return fail(Code::kInvalidArgument, "found '" + next.text + "', expected: !, identifier, or 'end of string'");
      auto one = requirement();
      if (!one) return fail(one.error().wrap("unable to parse requirement"));
      out.push_back(std::move(*one));
      const Lexeme after = take(true);
      if (after.token == Token::kEnd) return out;
      if (after.token != Token::kComma)
        return fail(Code::kInvalidArgument, "found '" + after.text + "', expected: ',' or 'end of string'");
      const Lexeme following = look(true);
      if (following.token != Token::kIdentifier && following.token != Token::kNot)
        return fail(Code::kInvalidArgument, "found '" + following.text + "', expected: identifier after ','");
    }
  }

 private:
  // `in` and `notin` are words where a value may stand.
  Lexeme look(bool is_value) const {
    Lexeme out = lexemes_[at_];
    if (is_value && (out.token == Token::kIn || out.token == Token::kNotIn)) out.token = Token::kIdentifier;
    return out;
  }
  Lexeme take(bool is_value) {
    Lexeme out = look(is_value);
    if (at_ + 1 < lexemes_.size()) ++at_;
    return out;
  }

  Result<Requirement> requirement() {
    Requirement out;
    Lexeme key = take(true);
    const bool is_not = key.token == Token::kNot;
    if (is_not) key = take(true);
    if (key.token != Token::kIdentifier)
      return fail(Code::kInvalidArgument, "found '" + key.text + "', expected: identifier");
    if (const auto why = check_qualified_name(key.text); !why.empty())
      return fail(Code::kInvalidArgument,
                  "key: Invalid value: " + json::serialize(json::Value(key.text)) + ": " + base::join(why, "; "));
    out.key = key.text;
    const Token next = look(true).token;
    if (is_not) {
      out.op = Operator::kNotExists;
      return out;
    }
    if (next == Token::kEnd || next == Token::kComma) {
      out.op = Operator::kExists;
      return out;
    }
    out.op = TRY(operation());
    out.values = TRY(out.op == Operator::kIn || out.op == Operator::kNotIn ? values() : exact_value());
    std::sort(out.values.begin(), out.values.end());
    out.values.erase(std::unique(out.values.begin(), out.values.end()), out.values.end());
    return checked(std::move(out));
  }

  static Result<Requirement> checked(Requirement out) {
    if (out.op == Operator::kGreater || out.op == Operator::kLess) {
      if (!base::parse_int<int64_t>(out.values.front()))
        return fail(Code::kInvalidArgument,
                    "values[0]: Invalid value: " + json::serialize(json::Value(out.values.front())) +
                        ": for 'Gt', 'Lt' operators, the value must be an integer");
    }
    for (size_t i = 0; i < out.values.size(); ++i)
      if (const auto why = check_label_value(out.values[i]); !why.empty())
        return fail(Code::kInvalidArgument, "values[" + std::to_string(i) + "][" + out.key +
                                                "]: Invalid value: " + json::serialize(json::Value(out.values[i])) +
                                                ": " + base::join(why, "; "));
    return out;
  }

  Result<Operator> operation() {
    const Lexeme next = take(false);
    switch (next.token) {
      case Token::kIn:
        return Operator::kIn;
      case Token::kNotIn:
        return Operator::kNotIn;
      case Token::kEquals:
      case Token::kDoubleEquals:
        return Operator::kEquals;
      case Token::kNotEquals:
        return Operator::kNotEquals;
      case Token::kGreater:
        return Operator::kGreater;
      case Token::kLess:
        return Operator::kLess;
      default:
        return fail(Code::kInvalidArgument, "found '" + next.text + "', expected: in, notin, =, ==, !=, gt, lt");
    }
  }

  Result<std::vector<std::string>> exact_value() {
    const Lexeme next = look(true);
    if (next.token == Token::kEnd || next.token == Token::kComma) return std::vector<std::string>{""};
    (void)take(true);  // it is `next`
    if (next.token != Token::kIdentifier)
      return fail(Code::kInvalidArgument, "found '" + next.text + "', expected: identifier");
    return std::vector<std::string>{next.text};
  }

  Result<std::vector<std::string>> values() {
    if (const Lexeme open = take(true); open.token != Token::kOpen)
      return fail(Code::kInvalidArgument, "found '" + open.text + "' expected: '('");
    std::vector<std::string> out;
    bool wants_value = true;  // an empty place between commas is ""
    while (true) {
      const Lexeme next = take(true);
      if (next.token == Token::kIdentifier && wants_value) {
        out.push_back(next.text);
        wants_value = false;
      } else if (next.token == Token::kComma) {
        if (wants_value) out.emplace_back();
        wants_value = true;
      } else if (next.token == Token::kClose) {
        if (wants_value) out.emplace_back();
        return out;
      } else {
        return fail(Code::kInvalidArgument,
                    "found '" + next.text + "', expected: " + (wants_value ? "',', ')' or identifier" : "',' or ')'"));
      }
    }
  }

  std::vector<Lexeme> lexemes_;
  size_t at_ = 0;
};

const std::string* value_of(const Labels& labels, std::string_view key) {
  const auto at = std::lower_bound(labels.begin(), labels.end(), key,
                                   [](const auto& label, auto wanted) { return label.first < wanted; });
  return at != labels.end() && at->first == key ? &at->second : nullptr;
}

bool matches_one(const Requirement& one, const Labels& labels) {
  const std::string* value = value_of(labels, one.key);
  const auto is_listed = [&] { return std::binary_search(one.values.begin(), one.values.end(), *value); };
  switch (one.op) {
    case Operator::kEquals:
    case Operator::kIn:
      return value != nullptr && is_listed();
    case Operator::kNotEquals:
    case Operator::kNotIn:
      return value == nullptr || !is_listed();
    case Operator::kExists:
      return value != nullptr;
    case Operator::kNotExists:
      return value == nullptr;
    case Operator::kGreater:
    case Operator::kLess: {
      if (value == nullptr || one.values.empty()) return false;
      const auto left = base::parse_int<int64_t>(*value);
      const auto right = base::parse_int<int64_t>(one.values.front());
      if (!left || !right) return false;
      return one.op == Operator::kGreater ? *left > *right : *left < *right;
    }
  }
  return false;
}

std::string text_of_requirement(const Requirement& one) {
  const std::string list = base::join(one.values, ",");
  switch (one.op) {
    case Operator::kEquals:
      return one.key + '=' + list;
    case Operator::kNotEquals:
      return one.key + "!=" + list;
    case Operator::kIn:
      return one.key + " in (" + list + ')';
    case Operator::kNotIn:
      return one.key + " notin (" + list + ')';
    case Operator::kExists:
      return one.key;
    case Operator::kNotExists:
      return '!' + one.key;
    case Operator::kGreater:
      return one.key + '>' + list;
    case Operator::kLess:
      return one.key + '<' + list;
  }
  return {};
}

// By key, then by the rest: a selector prints the same however it was written.
void sort_by_key(std::vector<Requirement>& list) {
  std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
    return std::tie(a.key, a.op, a.values) < std::tie(b.key, b.op, b.values);
  });
}

std::string_view view(const json::Value& value) {
  return value.is_string() ? std::string_view(value.get_string().data(), value.get_string().size())
                           : std::string_view();
}

}  // namespace

ApiResult<LabelSelector> LabelSelector::parse(std::string_view text) {
  if (text.size() > kSelectorBytesMax) return std::unexpected(bad_request("the label selector is too long"));
  auto parsed = Parser(text).parse();
  if (!parsed) return std::unexpected(bad_request(parsed.error().message));
  LabelSelector out;
  out.requirements_ = std::move(*parsed);
  sort_by_key(out.requirements_);
  return out;
}

LabelSelector LabelSelector::from_json(const json::Value* selector) {
  LabelSelector out;
  if (selector == nullptr || !selector->is_object()) {
    out.nothing_ = true;
    return out;
  }
  for (const auto& label : json::object_at(*selector, {"matchLabels"}))
    out.requirements_.push_back(
        {.key = std::string(label.key()), .op = Operator::kEquals, .values = {std::string(view(label.value()))}});
  for (const auto& expression : json::array_at(*selector, {"matchExpressions"})) {
    Requirement one;
    one.key = json::string_at(expression, {"key"});
    for (const auto& value : json::array_at(expression, {"values"})) one.values.emplace_back(view(value));
    std::sort(one.values.begin(), one.values.end());
    const auto op = json::string_at(expression, {"operator"});
    if (op == "In") {
      one.op = Operator::kIn;
    } else if (op == "NotIn") {
      one.op = Operator::kNotIn;
    } else if (op == "Exists") {
      one.op = Operator::kExists;
    } else if (op == "DoesNotExist") {
      one.op = Operator::kNotExists;
    } else {
      out.nothing_ = true;  // validation refuses it; here it must not match by accident
    }
    out.requirements_.push_back(std::move(one));
  }
  sort_by_key(out.requirements_);
  return out;
}

LabelSelector LabelSelector::from_map(const json::Value* labels) {
  LabelSelector out;
  for (const auto& [key, value] : labels_of(labels))
    out.requirements_.push_back({.key = key, .op = Operator::kEquals, .values = {value}});
  out.nothing_ = out.requirements_.empty();
  return out;
}

bool LabelSelector::matches(const Labels& labels) const {
  if (nothing_) return false;
  return std::all_of(requirements_.begin(), requirements_.end(),
                     [&](const Requirement& one) { return matches_one(one, labels); });
}

std::string LabelSelector::string() const {
  std::string out;
  for (const auto& one : requirements_) out += (out.empty() ? "" : ",") + text_of_requirement(one);
  return out;
}

Labels labels_of(const json::Value* map) {
  Labels out;
  if (map == nullptr || !map->is_object()) return out;
  out.reserve(map->get_object().size());
  for (const auto& one : map->get_object()) out.emplace_back(one.key(), view(one.value()));
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace appliance::orchestrator::api
