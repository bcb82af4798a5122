#include "sandbox/faults.hpp"

#include <algorithm>
#include <array>

namespace tenantry::sandbox {

namespace {

struct NamedAction {
  std::string_view name;
  Action action;
};
constexpr std::array<NamedAction, 9> kActions{{{"none", Action::kNone},
                                               {"error", Action::kError},
                                               {"html", Action::kHtml},
                                               {"too_many", Action::kTooMany},
                                               {"maintenance", Action::kMaintenance},
                                               {"drop_before", Action::kDropBefore},
                                               {"drop_after", Action::kDropAfter},
                                               {"hang", Action::kHang},
                                               {"condition", Action::kCondition}}};

std::string_view name_of(Action action) {
  for (const auto& entry : kActions)
    if (entry.action == action) return entry.name;
  return "none";
}

std::string text_or(const json::object& object, std::string_view name, std::string fallback) {
  const auto* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : fallback;
}
std::int64_t int_or(const json::object& object, std::string_view name, std::int64_t fallback) {
  const auto* value = object.if_contains(name);
  return value && value->is_int64() ? value->get_int64() : fallback;
}

std::int64_t default_status(Action action) {
  return action == Action::kHtml ? 502 : action == Action::kMaintenance ? 503 : action == Action::kTooMany ? 429 : 500;
}

}  // namespace

bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    for (std::size_t i = 0; i <= text.size(); ++i)
      if (matches(pattern.substr(1), text.substr(i))) return true;
    return false;
  }
  return !text.empty() && pattern.front() == text.front() && matches(pattern.substr(1), text.substr(1));
}

bool Decision::has(const std::string& condition) const {
  return std::find(conditions.begin(), conditions.end(), condition) != conditions.end();
}

Faults::Added Faults::add(const json::object& object) {
  static constexpr std::array<std::string_view, 17> kKnown{
      "id",     "site",   "method",   "path",    "doctype",     "skip",          "times",     "probability",  "action",
      "status", "millis", "exc_type", "message", "retry_after", "reads_allowed", "condition", "jitter_millis"};
  for (const auto& member : object)
    if (std::find(kKnown.begin(), kKnown.end(), std::string_view(member.key())) == kKnown.end())
      return {{}, "A fault has no member \"" + std::string(member.key()) + "\"."};

  Rule rule;
  const std::string action = text_or(object, "action", "none");
  const auto* const found =
      std::find_if(kActions.begin(), kActions.end(), [&](const NamedAction& entry) { return entry.name == action; });
  if (found == kActions.end()) return {{}, "There is no action \"" + action + "\"."};
  rule.action = found->action;
  rule.site = text_or(object, "site", "*");
  rule.method = text_or(object, "method", "*");
  rule.path = text_or(object, "path", "*");
  rule.doctype = text_or(object, "doctype", "*");
  rule.skip = int_or(object, "skip", 0);
  rule.times = int_or(object, "times", -1);
  if (const auto* value = object.if_contains("probability"); value && value->is_number())
    rule.probability = value->to_number<double>();
  rule.latency = std::chrono::milliseconds(int_or(object, "millis", 0));
  rule.jitter = std::chrono::milliseconds(int_or(object, "jitter_millis", 0));
  rule.status = static_cast<int>(int_or(object, "status", default_status(rule.action)));
  rule.exc_type = text_or(object, "exc_type", "");
  rule.message = text_or(object, "message", "");
  rule.retry_after = int_or(object, "retry_after", 1);
  if (const auto* value = object.if_contains("reads_allowed"))
    rule.reads_allowed = value->is_bool() && value->get_bool();
  rule.condition = text_or(object, "condition", "");

  const std::lock_guard lock(mutex_);
  rule.id = text_or(object, "id", "fault-" + std::to_string(next_id_));
  ++next_id_;
  rules_.push_back(rule);
  return {rule.id, {}};
}

void Faults::clear() {
  const std::lock_guard lock(mutex_);
  rules_.clear();
}

bool Faults::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return std::erase_if(rules_, [&](const Rule& rule) { return rule.id == id; }) > 0;
}

void Faults::seed(std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  random_.seed(seed);
}

json::array Faults::list() const {
  const std::lock_guard lock(mutex_);
  json::array result;
  for (const auto& rule : rules_)
    result.push_back({{"id", rule.id},
                      {"site", rule.site},
                      {"method", rule.method},
                      {"path", rule.path},
                      {"doctype", rule.doctype},
                      {"action", name_of(rule.action)},
                      {"times", rule.times},
                      {"skip", rule.skip},
                      {"hits", rule.hits}});
  return result;
}

Decision Faults::decide(const Subject& subject) {
  const std::lock_guard lock(mutex_);
  Decision decision;
  for (auto& rule : rules_) {
    if (rule.times >= 0 && rule.hits >= rule.times) continue;
    if (rule.site != "*" && rule.site != subject.site) continue;
    if (rule.method != "*" && rule.method != subject.method) continue;
    if (!matches(rule.doctype, subject.doctype) || !matches(rule.path, subject.path)) continue;
    // A rule that cannot act because another one already does keeps its hits for later.
    const bool acts = rule.action != Action::kNone && rule.action != Action::kCondition;
    if (acts && decision.rule) continue;
    if (rule.skip > 0) {
      --rule.skip;
      continue;
    }
    if (rule.probability < 1.0 && std::uniform_real_distribution<>(0, 1)(random_) >= rule.probability) continue;
    ++rule.hits;
    decision.latency += rule.latency;
    if (rule.jitter.count() > 0)
      decision.latency +=
          std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(0, rule.jitter.count())(random_));
    if (rule.action == Action::kCondition) decision.conditions.push_back(rule.condition);
    if (acts) decision.rule = rule;
  }
  return decision;
}

bool Faults::toss(double probability) {
  if (probability <= 0) return false;
  if (probability >= 1) return true;
  const std::lock_guard lock(mutex_);
  return std::uniform_real_distribution<>(0, 1)(random_) < probability;
}

}  // namespace tenantry::sandbox
