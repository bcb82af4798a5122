#include "kit/fixture.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "schema/builtin.hpp"

namespace tenantry::kit {
namespace {

using base::Problem;
using base::Result;

base::Error fault(std::string message, std::vector<Problem> problems) {
  return {base::ErrorKind::kInvalid, "fixture.invalid",   std::move(message),
          "Correct the fixture.",    std::move(problems), {}};
}

std::string text_of(const json::value& value) { return {value.get_string().data(), value.get_string().size()}; }

// Fills in the ${...} of every text of a document.
class Filling {
 public:
  // No tenant: what it is for is the same for all of them.
  Filling(const std::string& folder, const std::string* tenant) : folder_(folder), tenant_(tenant) {}

  json::value fill(const json::value& value, const std::string& pointer) {
    if (value.is_string()) return json::value(fill_text(text_of(value), pointer));
    if (const auto* object = value.if_object()) {
      json::object out;
      for (const auto& member : *object)
        out[member.key()] = fill(member.value(), pointer + "/" + base::escape_pointer(member.key()));
      return out;
    }
    if (const auto* array = value.if_array()) {
      json::array out;
      for (std::size_t i = 0; i < array->size(); ++i)
        out.push_back(fill((*array)[i], pointer + "/" + std::to_string(i)));
      return out;
    }
    return value;
  }

  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }

 private:
  std::string fill_text(const std::string& text, const std::string& pointer) {
    std::string out;
    std::size_t from = 0;
    for (;;) {
      const auto open = text.find("${", from);
      const auto close = text.find('}', open);
      if (open == std::string::npos || close == std::string::npos) return out + text.substr(from);
      out += text.substr(from, open - from);
      out += value_of(text.substr(open + 2, close - open - 2), pointer);
      from = close + 1;
    }
  }

  std::string value_of(const std::string& name, const std::string& pointer) {
    if (name == "folder") return folder_;
    if (name == "tenant" && tenant_ != nullptr) return *tenant_;
    if (name == "tenant") {
      problems_.push_back({pointer, "an engine serves many tenants, so there is no ${tenant} here"});
    } else if (const char* found = std::getenv(name.c_str())) {
      return found;
    } else {
      problems_.push_back({pointer, "the environment has no variable " + name});
    }
    return {};
  }

  const std::string& folder_;
  const std::string* tenant_;
  std::vector<Problem> problems_;
};

Expected expected(const json::object& step, std::string_view name) {
  Expected out;
  const auto* found = step.if_contains(name);
  if (found == nullptr) return out;
  if (const auto* outcomes = found->as_object().if_contains("outcome"))
    for (const auto& word : outcomes->as_array())
      for (std::size_t i = 0; i < model::kOutcomes.size(); ++i)
        if (text_of(word) == model::kOutcomes[i]) out.outcomes.push_back(static_cast<model::Outcome>(i));
  if (const auto* output = found->as_object().if_contains("output")) out.output = *output;
  return out;
}

bool flag(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found != nullptr && found->as_bool();
}

std::vector<stage::Place> places(const json::object& scene, std::string_view name) {
  std::vector<stage::Place> out;
  if (const auto* found = scene.if_contains(name))
    for (const auto& place : found->as_array()) {
      const auto& object = place.as_object();
      const auto member = [&](std::string_view key) {
        const auto* text = object.if_contains(key);
        return text == nullptr ? std::string() : text_of(*text);
      };
      out.push_back({member("at"), member("pointer"), member("only"), member("host")});
    }
  return out;
}

bool accepts(const json::value& schema, const json::value& value) {
  const auto compiled = schema::Schema::compile(schema);
  return compiled.has_value() && compiled->check(value).empty();
}

// Makes up values for the subschemas of one document.
class Maker {
 public:
  explicit Maker(const json::object& root) : root_(root) {}

  json::value make(const json::value& schema, int depth = 0) {
    const auto* object = schema.if_object();
    if (object == nullptr || depth > 16) return nullptr;
    if (const auto* known = object->if_contains("default")) return *known;
    if (const auto* known = object->if_contains("const")) return *known;
    if (const auto* known = object->if_contains("enum")) return known->as_array().at(0);
    if (const auto* known = object->if_contains("examples"); known != nullptr && !known->as_array().empty())
      return known->as_array()[0];
    if (const auto* reference = object->if_contains("$ref"))
      if (const auto* found = base::find_pointer(root_, text_of(*reference).substr(1))) return make(*found, depth + 1);
    const auto* type = object->if_contains("type");
    const auto word = type == nullptr    ? std::string(object->contains("properties") ? "object" : "string")
                      : type->is_array() ? text_of(type->as_array().at(0))
                                         : text_of(*type);
    if (word == "object") return make_object(*object, depth);
    if (word == "array") return make_array(*object, depth);
    if (word == "string") return make_text(*object);
    if (word == "boolean") return false;
    if (word == "null") return nullptr;
    const auto* least = object->if_contains("minimum");
    return least != nullptr ? *least : json::value(word == "integer" ? json::value(1) : json::value(1.0));
  }

 private:
  json::value make_object(const json::object& schema, int depth) {
    json::object out;
    const auto* required = schema.if_contains("required");
    const auto* properties = schema.if_contains("properties");
    if (required == nullptr) return out;
    for (const auto& name : required->as_array()) {
      const auto* property = properties == nullptr ? nullptr : properties->as_object().if_contains(text_of(name));
      out[text_of(name)] = property == nullptr ? json::value("example") : make(*property, depth + 1);
    }
    return out;
  }

  json::value make_array(const json::object& schema, int depth) {
    json::array out;
    const auto* least = schema.if_contains("minItems");
    const auto* items = schema.if_contains("items");
    for (auto left = least == nullptr ? 0 : std::min<std::int64_t>(least->to_number<std::int64_t>(), 16); left > 0;
         --left)
      out.push_back(items == nullptr ? json::value("example") : make(*items, depth + 1));
    return out;
  }

  json::value make_text(const json::object& schema) {
    static constexpr std::array<std::string_view, 14> kTexts{"example",
                                                             "a",
                                                             "A",
                                                             "1",
                                                             "example.org",
                                                             "a@example.org",
                                                             "https://example.org/",
                                                             "2026-01-01T00:00:00Z",
                                                             "2026-01-01",
                                                             "KES",
                                                             "KE",
                                                             "1.0.0",
                                                             "+254700000000",
                                                             ""};
    auto plain = schema;
    plain.erase("title");
    plain["type"] = "string";
    for (const auto text : kTexts)
      if (accepts(plain, json::value(text))) return json::value(text);
    if (const auto* least = schema.if_contains("minLength"))
      return json::string(std::min<std::size_t>(least->to_number<std::size_t>(), 4096), 'a');
    return "example";
  }

  const json::value root_;
};

}  // namespace

bool Expected::allows(model::Outcome outcome) const {
  return outcomes.empty() || std::find(outcomes.begin(), outcomes.end(), outcome) != outcomes.end();
}

Result<Fixture> Fixture::read(const std::filesystem::path& file) {
  std::ostringstream text;
  std::ifstream in(file, std::ios::binary);
  if (!in || !(text << in.rdbuf()))
    return base::Error{base::ErrorKind::kNotFound,
                       "fixture.unreadable",
                       "The fixture " + file.string() + " cannot be read.",
                       "Check its path.",
                       {},
                       {}};
  return parse(text.str());
}

Result<Fixture> Fixture::parse(std::string_view text) {
  const auto document = base::parse_json(text);
  if (document.has_error()) return fault("The fixture is not JSON: " + document.error().message, {});
  auto problems = schema::builtin("engine_fixture").check(*document);
  if (!problems.empty()) return fault("The fixture does not have the required form.", std::move(problems));
  Fixture out;
  out.document_ = document->as_object();
  if (const auto* engine = out.document_.if_contains("engine")) out.engine_ = text_of(*engine);
  if (const auto* leaves = out.document_.if_contains("leaves_behind")) out.leaves_behind_ = leaves->as_bool();
  return out;
}

Result<json::value> Fixture::settings(const std::string& folder) const {
  const auto* found = document_.if_contains("settings");
  if (found == nullptr) return json::value(json::object());
  Filling filling(folder, nullptr);
  auto out = filling.fill(*found, "/settings");
  if (!filling.problems().empty()) return fault("The fixture's settings cannot be filled in.", filling.problems());
  return out;
}

Result<std::map<std::string, std::string>> Fixture::environment(const std::string& folder) const {
  std::map<std::string, std::string> out;
  const auto* found = document_.if_contains("environment");
  if (found == nullptr) return out;
  Filling filling(folder, nullptr);
  const auto filled = filling.fill(*found, "/environment");
  if (!filling.problems().empty()) return fault("The fixture's environment cannot be filled in.", filling.problems());
  for (const auto& member : filled.as_object()) out[std::string(member.key())] = text_of(member.value());
  return out;
}

Result<Scene> Fixture::scene(const std::string& folder, const std::string& tenant) const {
  auto document = document_;
  document.erase("settings");
  document.erase("environment");
  Filling filling(folder, &tenant);
  const auto filled = filling.fill(document, "").as_object();
  if (!filling.problems().empty()) return fault("The fixture cannot be filled in.", filling.problems());
  const auto or_else = [&](std::string_view name, const json::value& otherwise) {
    const auto* found = filled.if_contains(name);
    return found != nullptr ? *found : otherwise;
  };
  Scene out;
  out.documents.request = filled.at("request");
  out.documents.tenant = or_else("tenant", json::object{{"id", tenant},
                                                        {"name", "Tenant " + tenant},
                                                        {"country_code", "KE"},
                                                        {"admin_name", "Asha Owner"},
                                                        {"admin_email", "owner@" + tenant + ".example"},
                                                        {"labels", json::object()}});
  out.documents.server = or_else("server", json::object{{"id", "server"}, {"url", ""}, {"settings", json::object()}});
  if (const auto* bad = filled.if_contains("bad_requests"))
    out.bad_requests.assign(bad->as_array().begin(), bad->as_array().end());
  if (const auto* secrets = filled.if_contains("secrets"))
    for (const auto& secret : secrets->as_object()) out.secrets[std::string(secret.key())] = text_of(secret.value());
  if (const auto* steps = filled.if_contains("steps"))
    for (const auto& step : steps->as_object())
      out.steps[std::string(step.key())] = {
          expected(step.value().as_object(), "run"), expected(step.value().as_object(), "again"),
          expected(step.value().as_object(), "after_undo"), flag(step.value().as_object(), "takes_over")};
  out.snapshot = places(filled, "snapshot");
  if (!filled.contains("snapshot")) out.snapshot.push_back({folder, "", "", ""});
  out.result = places(filled, "result");
  if (!filled.contains("result"))
    for (const auto& place : out.snapshot)
      if (!place.at.starts_with("http://")) out.result.push_back({place.at, "", tenant, ""});
  return out;
}

std::optional<json::value> example_of(const json::value& schema) {
  const auto* object = schema.if_object();
  if (object == nullptr) return json::value(json::object());
  try {
    auto made = Maker(*object).make(schema);
    if (accepts(schema, made)) return made;
  } catch (const std::exception&) {  // a schema that says something nobody expects; the checks of schemas say so
  }
  return std::nullopt;
}

bool contains(const json::value& whole, const json::value& part) {
  if (const auto* object = part.if_object()) {
    if (!whole.is_object()) return false;
    return std::all_of(object->begin(), object->end(), [&](const auto& member) {
      const auto* found = whole.get_object().if_contains(member.key());
      return found != nullptr && contains(*found, member.value());
    });
  }
  if (const auto* array = part.if_array()) {
    if (!whole.is_array() || whole.get_array().size() != array->size()) return false;
    for (std::size_t i = 0; i < array->size(); ++i)
      if (!contains(whole.get_array()[i], (*array)[i])) return false;
    return true;
  }
  return whole == part;
}

}  // namespace tenantry::kit
