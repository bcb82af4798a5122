#include "base/json.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace tenantry::base {
namespace {

// The first thing in the value that we cannot store, or nullptr.
const char* unstorable(const json::value& value) {
  switch (value.kind()) {
    case json::kind::string:
      return value.get_string().find('\0') == json::string::npos ? nullptr : "text with a NUL character";
    case json::kind::double_:
      return std::isfinite(value.get_double()) ? nullptr : "a number out of range";
    case json::kind::array:
      for (const auto& item : value.get_array())
        if (const auto* found = unstorable(item)) return found;
      return nullptr;
    case json::kind::object:
      for (const auto& member : value.get_object()) {
        if (member.key().find('\0') != json::string_view::npos) return "a member name with a NUL character";
        if (const auto* found = unstorable(member.value())) return found;
      }
      return nullptr;
    default:
      return nullptr;
  }
}

void write_canonical(const json::value& value, std::string& out) {
  if (const auto* object = value.if_object()) {
    std::vector<const json::key_value_pair*> members;
    members.reserve(object->size());
    for (const auto& member : *object) members.push_back(&member);
    std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->key() < b->key(); });
    out += '{';
    for (const auto* member : members) {
      if (out.back() != '{') out += ',';
      out += json::serialize(member->key());
      out += ':';
      write_canonical(member->value(), out);
    }
    out += '}';
  } else if (const auto* array = value.if_array()) {
    out += '[';
    for (const auto& item : *array) {
      if (out.back() != '[') out += ',';
      write_canonical(item, out);
    }
    out += ']';
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

Result<json::value> parse_json(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes)
    return invalid("json.too_large", "The document has " + std::to_string(text.size()) + " bytes; at most " +
                                         std::to_string(max_bytes) + " are accepted.");
  json::stream_parser parser;
  json::error_code failure;
  auto used = parser.write_some(text.data(), text.size(), failure);
  if (!failure) parser.finish(failure);
  if (!failure && used < text.size() && text.find_first_not_of(" \t\r\n", used) != std::string_view::npos)
    failure = json::make_error_code(json::error::extra_data);
  if (failure)
    return invalid("json.invalid", "Not valid JSON at byte " + std::to_string(used) + ": " + failure.message() + ".");
  auto value = parser.release();
  if (const auto* what = unstorable(value)) return invalid("json.invalid", std::string("Not accepted: ") + what + ".");
  return value;
}

std::string canonical_json(const json::value& value) {
  std::string out;
  write_canonical(value, out);
  return out;
}

std::string escape_pointer(std::string_view token) {
  std::string out;
  for (const char c : token) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

const json::value* find_pointer(const json::value& document, std::string_view pointer) {
  json::error_code failure;
  return document.find_pointer({pointer.data(), pointer.size()}, failure);
}

}  // namespace tenantry::base
