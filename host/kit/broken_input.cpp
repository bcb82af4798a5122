#include "kit/broken_input.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include "base/text.hpp"

namespace tenantry::kit {
namespace {

namespace json = base::json;
using How = BrokenInput::How;

constexpr std::size_t kHuge = 200'000;
constexpr std::size_t kDeep = 100'000;
constexpr std::size_t kMostMembers = 24;  // that are broken one by one
constexpr int kRandom = 40;

void pointers_of(const json::value& value, const std::string& at, std::vector<std::string>& out) {
  if (!at.empty()) out.push_back(at);
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) pointers_of(member.value(), at + "/" + base::escape_pointer(member.key()), out);
  } else if (const auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) pointers_of((*array)[i], at + "/" + std::to_string(i), out);
  }
}

json::value* find(json::value& document, const std::string& pointer) {
  return const_cast<json::value*>(base::find_pointer(document, pointer));
}

std::string with(const json::value& document, const std::string& pointer, json::value replacement) {
  auto copy = document;
  *find(copy, pointer) = std::move(replacement);
  return json::serialize(copy);
}

std::string without(const json::value& document, const std::string& pointer) {
  auto copy = document;
  const auto slash = pointer.rfind('/');
  auto* parent = slash == 0 ? &copy : find(copy, pointer.substr(0, slash));
  const auto name = pointer.substr(slash + 1);
  if (auto* object = parent->if_object()) object->erase(name);
  if (auto* array = parent->if_array()) array->erase(array->begin() + std::atoi(name.c_str()));
  return json::serialize(copy);
}

json::kind kind_of(const json::value& value) { return value.is_number() ? json::kind::double_ : value.kind(); }

bool same_shape(const json::value& a, const json::value& b) {
  if (kind_of(a) != kind_of(b)) return false;
  if (const auto* object = a.if_object()) {
    return object->size() == b.get_object().size() &&
           std::all_of(object->begin(), object->end(), [&](const auto& member) {
             const auto* other = b.get_object().if_contains(member.key());
             return other != nullptr && same_shape(member.value(), *other);
           });
  }
  if (const auto* array = a.if_array()) {
    return array->size() == b.get_array().size() &&
           std::equal(array->begin(), array->end(), b.get_array().begin(), same_shape);
  }
  return true;
}

// A few bytes of the text changed, dropped or doubled.
std::string shaken(const std::string& input, std::mt19937_64& random) {
  auto out = input;
  const auto any = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  for (auto times = 1 + any(4); times > 0 && !out.empty(); --times) {
    const auto at = any(out.size());
    switch (any(4)) {
      case 0:
        out[at] = static_cast<char>(any(256));
        break;
      case 1:
        out.erase(at, 1 + any(8));
        break;
      case 2:
        out.insert(at, out.substr(at, 1 + any(16)));
        break;
      default:
        out[at] = "{}[]\",:0\\"[any(9)];
    }
  }
  return out;
}

// What begins and ends like an object may be taken for one by an engine that does not read it.
How how_of(const json::value& right, const std::string& text) {
  if (text.empty() || text.front() != '{' || text.back() != '}') return How::kNoObject;
  const auto parsed = base::parse_json(text, 16U << 20U);
  if (parsed.has_error()) return How::kWrongShape;
  return same_shape(right, *parsed) ? How::kOdd : How::kWrongShape;
}

bool is_below(const std::string& pointer, const std::vector<std::string>& members) {
  return std::any_of(members.begin(), members.end(), [&](const std::string& name) {
    const auto whole = "/" + base::escape_pointer(name);
    return pointer == whole || pointer.starts_with(whole + "/");
  });
}

void texts_of(const json::value& value, std::set<std::string>& out) {
  if (value.is_string()) out.insert(json::value_to<std::string>(value));
  if (const auto* object = value.if_object())
    for (const auto& member : *object) texts_of(member.value(), out);
  if (const auto* array = value.if_array())
    for (const auto& item : *array) texts_of(item, out);
}

// True if the text can be read and says something that is nowhere in the right one: it could be any name or path.
bool says_something_new(const json::value& right, const std::string& text) {
  const auto parsed = base::parse_json(text, 16U << 20U);
  if (parsed.has_error()) return false;
  std::set<std::string> known, now;
  texts_of(right, known);
  texts_of(*parsed, now);
  return !std::includes(known.begin(), known.end(), now.begin(), now.end());
}

}  // namespace

std::vector<BrokenInput> broken_inputs(const std::string& input, std::mt19937_64& random,
                                       const std::vector<std::string>& kept) {
  const auto document = *base::parse_json(input, 16U << 20U);
  std::vector<BrokenInput> out;
  const auto add = [&](std::string text, std::string what, How how) {
    out.push_back({std::move(text), std::move(what), how});
  };
  for (const char* text : {"", "nonsense", "{", "[1,2]", "7", "null", "\"text\"", "{\"a\":1}}", "\xff\xfe{}"})
    add(text, std::string("that is ") + (*text == '\0' ? "empty" : base::to_utf8(text)), how_of(document, text));
  add(input.substr(0, input.size() - 1), "that is cut short", How::kWrongShape);
  add(std::string(kDeep, '['), "nested 100000 deep", How::kNoObject);
  add(std::string(kHuge, ' '), "of blanks", How::kNoObject);
  add("{}", "without members", document.as_object().empty() ? How::kOdd : How::kWrongShape);

  std::vector<std::string> pointers;
  pointers_of(document, "", pointers);
  std::shuffle(pointers.begin(), pointers.end(), random);
  if (pointers.size() > kMostMembers) pointers.resize(kMostMembers);
  const std::vector<std::pair<const char*, json::value>> replacements{
      {"null", nullptr},
      {"true", true},
      {"a number", 7},
      {"a negative number", -9.5e300},
      {"a text", "text"},
      {"a list", json::array{1, "x", nullptr}},
      {"an object", json::object{{"unexpected", json::object{{"a", 1}}}}}};
  for (const auto& pointer : pointers) {
    const auto& right = *base::find_pointer(document, pointer);
    add(without(document, pointer), "without " + pointer, how_of(document, without(document, pointer)));
    for (const auto& [words, replacement] : replacements)
      if (kind_of(replacement) != kind_of(right))
        add(with(document, pointer, replacement), std::string("with ") + words + " at " + pointer, How::kWrongShape);
    if (!right.is_string() || is_below(pointer, kept)) continue;
    add(with(document, pointer, json::string(kHuge, 'x')), "with a huge text at " + pointer, How::kOdd);
    add(with(document, pointer, ""), "with an empty text at " + pointer, How::kOdd);
    add(with(document, pointer, "\xE2\x80\xAE\xF0\x9F\x92\xA9%s%n'\";--"), "with an odd text at " + pointer, How::kOdd);
    const auto broken = with(document, pointer, "@@@");
    if (const auto at = broken.find("@@@"); at != std::string::npos) {
      add(broken.substr(0, at) + "\xff\xc0\x80" + broken.substr(at + 3), "with a text that is not UTF-8 at " + pointer,
          How::kWrongShape);
      add(broken.substr(0, at) + "\\u0000" + broken.substr(at + 3), "with a NUL in the text at " + pointer, How::kOdd);
      add(broken.substr(0, at) + "\\ud800" + broken.substr(at + 3), "with half a surrogate at " + pointer, How::kOdd);
    }
  }
  for (int i = 0; i < kRandom; ++i) {
    auto text = shaken(input, random);
    if (text == input || says_something_new(document, text)) continue;
    const bool readable = base::parse_json(text, 16U << 20U).has_value();
    add(text, "shaken to " + base::shorten(base::to_utf8(text), 120), readable ? How::kOdd : How::kWrongShape);
  }
  return out;
}

}  // namespace tenantry::kit
