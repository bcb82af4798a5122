#include "engine/manifest_reader.hpp"

#include <sodium.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/json.hpp"
#include "engine/limits.hpp"
#include "schema/builtin.hpp"

namespace tenantry::engine {
namespace {

namespace json = boost::json;
using base::Problem;
using model::Manifest;
using model::StepSpec;

constexpr std::string_view kSteps = "/steps/";
constexpr std::string_view kOutput = "/output";

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }
std::string text_or(const json::object& object, std::string_view name, std::string_view otherwise) {
  const auto* found = object.if_contains(name);
  return std::string(found ? view(found->get_string()) : otherwise);
}
bool flag_or(const json::object& object, std::string_view name, bool otherwise) {
  const auto* found = object.if_contains(name);
  return found ? found->get_bool() : otherwise;
}
// The schema accepts 5.0 for 5.
std::int64_t number_or(const json::object& object, std::string_view name, std::int64_t otherwise) {
  const auto* found = object.if_contains(name);
  return found ? found->to_number<std::int64_t>() : otherwise;
}
base::Millis millis_or(const json::object& object, std::string_view name, base::Millis otherwise) {
  return base::Millis{number_or(object, name, otherwise.count())};
}

std::string digest_of(const json::value& document) {
  const auto text = base::canonical_json(document);
  unsigned char hash[32];
  crypto_generichash(hash, sizeof hash, reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  char hex[2 * sizeof hash + 1];
  sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
  return hex;
}

// The step whose output a source names: "" if it names none; nullopt if the source is none at all.
std::optional<std::string_view> source_step(std::string_view from) {
  for (const std::string_view root : {"/request", "/tenant", "/server"})
    if (from == root || (from.starts_with(root) && from[root.size()] == '/')) return "";
  if (!from.starts_with(kSteps)) return std::nullopt;
  from.remove_prefix(kSteps.size());
  const auto end = from.find('/');
  if (end == 0 || end == std::string_view::npos) return std::nullopt;
  const auto rest = from.substr(end);
  if (rest != kOutput && !rest.starts_with(std::string(kOutput) + "/")) return std::nullopt;
  return from.substr(0, end);
}

// True if the schema says in so many words that there is no such member.
bool excludes(const json::value& schema, std::string_view member) {
  const auto* object = schema.if_object();
  const auto* additional = object ? object->if_contains("additionalProperties") : nullptr;
  if (!additional || *additional != json::value(false) || object->contains("$ref")) return false;
  const auto* properties = object->if_contains("properties");
  return !properties || !properties->is_object() || !properties->get_object().contains(member);
}

// Reads a document of the right form.
class Reader {
 public:
  explicit Reader(const json::object& root) : root_(root), steps_(root.at("steps").get_array()) {}

  base::Result<Manifest> read(std::string_view text) {
    out_.engine = base::EngineId(text_or(root_, "engine", ""));
    out_.version = text_or(root_, "version", "");
    out_.title = text_or(root_, "title", out_.engine.value);
    out_.text = text;
    out_.digest = digest_of(root_);
    out_.request_schema = root_.at("request");
    check_schema(out_.request_schema, "/request");
    if (const auto* settings = root_.if_contains("settings")) {
      out_.settings_schema = *settings;
      check_schema(*settings, "/settings");
    }
    if (const auto* tenancy = root_.if_contains("tenancy"))
      for (const auto& word : tenancy->get_array()) out_.tenancy.emplace_back(view(word.get_string()));
    name_steps();
    for (std::size_t i = 0; i < steps_.size(); ++i) read_step(i);
    check_members();
    if (problems_.empty()) sort();
    if (problems_.empty()) return std::move(out_);
    return base::invalid("engine.manifest", "The manifest contradicts itself.", std::move(problems_));
  }

 private:
  void note(std::string pointer, std::string message) {
    if (problems_.size() < schema::Schema::kMaxProblems) problems_.push_back({std::move(pointer), std::move(message)});
  }
  static std::string at(std::size_t step, std::string_view member) {
    return std::string(kSteps) + std::to_string(step) + '/' + std::string(member);
  }

  void check_schema(const json::value& document, const std::string& pointer) {
    const auto compiled = schema::Schema::compile(document);
    if (compiled.has_value()) return;
    for (const auto problems = compiled.error().problems; const auto& problem : problems)
      note(pointer + problem.pointer, problem.message);
  }

  void name_steps() {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const std::string id(view(steps_[i].get_object().at("id").get_string()));
      const auto [first, fresh] = index_.emplace(id, i);
      if (!fresh) note(at(i, "id"), "the id " + id + " is already that of step " + std::to_string(first->second));
    }
  }

  void follow(StepSpec& step, std::size_t self, std::string_view id, const std::string& pointer) {
    const auto found = index_.find(id);
    if (found == index_.end()) return note(pointer, "there is no step " + std::string(id));
    if (found->second == self) return note(pointer, "the step waits for itself");
    if (std::find(step.after.begin(), step.after.end(), found->second) == step.after.end())
      step.after.push_back(found->second);
  }

  void read_step(std::size_t i) {
    const auto& from = steps_[i].get_object();
    StepSpec step;
    step.id = text_or(from, "id", "");
    step.title = text_or(from, "title", step.id);
    read_input(step, i, from);
    if (const auto* after = from.if_contains("after"))
      for (std::size_t k = 0; k < after->get_array().size(); ++k)
        follow(step, i, view(after->get_array()[k].get_string()), at(i, "after/") + std::to_string(k));
    if (const auto* output = from.if_contains("output")) {
      step.output_schema = *output;
      check_schema(*output, at(i, "output"));
    }
    read_operations(step, i, from);
    if (const auto* secrets = from.if_contains("secrets"))
      for (const auto& name : secrets->get_array()) step.secrets.emplace_back(view(name.get_string()));
    read_retry(step, i, from);
    step.timeout = millis_or(from, "timeout_ms", step.timeout);
    step.heartbeat = millis_or(from, "heartbeat_ms", step.heartbeat);
    step.wait_limit = millis_or(from, "wait_limit_ms", step.wait_limit);
    step.expected = millis_or(from, "expected_ms", step.expected);
    if (const auto* exclusive = from.if_contains("exclusive"))
      step.exclusive = model::Exclusive{std::string(view(exclusive->get_string())), flag_or(from, "per_tenant", false)};
    else if (from.contains("per_tenant"))
      note(at(i, "per_tenant"), "narrows exclusive, which is absent");
    step.skippable = flag_or(from, "skippable", false);
    step.optional = flag_or(from, "optional", false);
    step.critical = flag_or(from, "critical", !step.optional);
    if (step.optional && step.critical) note(at(i, "critical"), "an optional step cannot be critical");
    step.repeatable = flag_or(from, "repeatable", false);
    out_.steps.push_back(std::move(step));
  }

  void read_input(StepSpec& step, std::size_t i, const json::object& from) {
    const auto* input = from.if_contains("input");
    if (!input) return;
    for (const auto& member : input->get_object()) {
      model::InputSource source;
      source.name = std::string(member.key());
      auto pointer = at(i, "input/") + base::escape_pointer(source.name);
      if (const auto* shorthand = member.value().if_string()) {
        source.from = view(*shorthand);
      } else {
        source.from = text_or(member.value().get_object(), "from", "");
        if (const auto* members = member.value().get_object().if_contains("members"))
          for (const auto& name : members->get_array()) source.members.emplace_back(view(name.get_string()));
        pointer += "/from";
      }
      const auto read = source_step(source.from);
      if (!read)
        note(pointer, "expected /request, /tenant, /server or /steps/<id>/output");
      else if (!read->empty())
        follow(step, i, *read, pointer);
      step.input.push_back(std::move(source));
    }
  }

  void read_operations(StepSpec& step, std::size_t i, const json::object& from) {
    const auto* operations = from.if_contains("operations");
    if (!operations) return;
    bool run = false;
    for (const auto& word : operations->get_array()) {
      run |= word == "run";
      step.has_undo |= word == "undo";
      step.has_verify |= word == "verify";
      step.has_plan |= word == "plan";
    }
    if (!run) note(at(i, "operations"), "expected run among them");
  }

  void read_retry(StepSpec& step, std::size_t i, const json::object& from) {
    const auto* found = from.if_contains("retry");
    if (!found) return;
    const auto& retry = found->get_object();
    step.retry.attempts = static_cast<int>(number_or(retry, "attempts", step.retry.attempts));
    step.retry.backoff = millis_or(retry, "backoff_ms", step.retry.backoff);
    step.retry.max_backoff = millis_or(retry, "max_backoff_ms", std::max(step.retry.max_backoff, step.retry.backoff));
    step.retry.budget = millis_or(retry, "budget_ms", step.retry.budget);
    if (!retry.contains("backoff_ms")) step.retry.backoff = std::min(step.retry.backoff, step.retry.max_backoff);
    if (step.retry.backoff > step.retry.max_backoff) note(at(i, "retry/backoff_ms"), "longer than max_backoff_ms");
  }

  // What a step reads must be there to be read.
  void check_members() {
    for (std::size_t i = 0; i < out_.steps.size(); ++i) {
      for (const auto& source : out_.steps[i].input) {
        const auto pointer = at(i, "input/") + base::escape_pointer(source.name);
        const auto read = source_step(source.from);
        if (!read) continue;
        const auto found = index_.find(*read);
        if (found != index_.end() && out_.steps[found->second].output_schema.is_null())
          note(pointer, "the step " + std::string(*read) + " declares no output");
        const bool request = source.from == "/request";
        const bool output = found != index_.end() && source.from.ends_with(kOutput);
        if (!request && !output) continue;
        const auto& schema = request ? out_.request_schema : out_.steps[found->second].output_schema;
        for (std::size_t k = 0; k < source.members.size(); ++k)
          if (excludes(schema, source.members[k]))
            note(pointer + "/members/" + std::to_string(k), source.from + " has no such member");
      }
    }
  }

  // Topological order; among the steps that could be next, the one that was declared first.
  void sort() {
    const auto count = out_.steps.size();
    std::vector<std::size_t> order;
    std::vector<std::size_t> place(count, count);
    while (order.size() < count) {
      std::size_t next = 0;
      while (next < count && (place[next] != count || !all_placed(out_.steps[next].after, place))) ++next;
      if (next == count) return note_cycle(place);
      place[next] = order.size();
      order.push_back(next);
    }
    std::vector<StepSpec> sorted;
    for (const auto i : order) {
      auto& step = sorted.emplace_back(std::move(out_.steps[i]));
      for (auto& before : step.after) before = place[before];
      std::sort(step.after.begin(), step.after.end());
    }
    out_.steps = std::move(sorted);
  }

  static bool all_placed(const std::vector<std::size_t>& steps, const std::vector<std::size_t>& place) {
    return std::all_of(steps.begin(), steps.end(), [&](std::size_t i) { return place[i] != place.size(); });
  }

  // Every step that is left waits for one that is left; so following those leads around.
  void note_cycle(const std::vector<std::size_t>& place) {
    const auto left = [&](std::size_t i) { return place[i] == place.size(); };
    std::vector<std::size_t> path;
    std::size_t i = 0;
    while (!left(i)) ++i;
    auto seen = path.end();
    while ((seen = std::find(path.begin(), path.end(), i)) == path.end()) {
      path.push_back(i);
      i = *std::find_if(out_.steps[i].after.begin(), out_.steps[i].after.end(), left);
    }
    std::string words = out_.steps[i].id;
    for (auto step = path.rbegin(); step.base() != seen; ++step) words += " -> " + out_.steps[*step].id;
    note(std::string(kSteps) + std::to_string(i), "steps that wait for each other: " + words);
  }

  const json::object& root_;
  const json::array& steps_;
  std::map<std::string, std::size_t, std::less<>> index_;
  Manifest out_;
  std::vector<Problem> problems_;
};

}  // namespace

base::Result<Manifest> read_manifest(std::string_view text) {
  const auto document = base::parse_json(text, kMaxManifest);
  if (!document) return base::invalid("engine.manifest", document.error().message, {{"", document.error().message}});
  // How the SDK says that the engine's own description of itself failed.
  if (const auto* object = document->if_object(); object && object->size() == 1)
    if (const auto* error = object->if_contains("error"); error && error->is_string())
      return base::invalid("engine.manifest", "The engine could not describe itself.",
                           {{"", std::string(view(error->get_string()))}});
  auto problems = schema::builtin("engine_manifest").check(*document);
  if (!problems.empty())
    return base::invalid("engine.manifest", "The manifest does not have the required form.", std::move(problems));
  return Reader(document->get_object()).read(text);
}

}  // namespace tenantry::engine
