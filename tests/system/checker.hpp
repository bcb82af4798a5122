// Proves from what the ERP noted itself and from the store's rows that the runs of some tenants went as they must have,
// whatever was done to hosts, engines, store and ERP meanwhile. Reads only; the runs have ended.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cluster.hpp"
#include "records.hpp"

namespace tenantry::system {

class Checker {
 public:
  // `like`: a tenant with the same inputs that was provisioned undisturbed; its site shows what has to be there.
  Checker(Erp& erp, const std::string& like) : erp_(erp), wanted_(counts(like)) {}

  // One line for each broken promise; empty: all were kept. Every tenant's newest run has to have ended in `state`;
  // `emptied`: what it made was to be taken back again.
  [[nodiscard]] std::string check(Records& records, const std::vector<std::string>& tenants,
                                  const std::string& state = "completed", bool emptied = false) {
    problems_.clear();
    for (const auto& tenant : tenants) {
      check_run(records, tenant, state);
      check_objects(tenant, emptied);
      if (!emptied && state == "completed" && counts(tenant) != wanted_)
        add(tenant, "its site holds " + text(counts(tenant)) + " and not " + text(wanted_));
    }
    return problems_;
  }

 private:
  using Counts = std::map<std::string, int>;

  void add(const std::string& tenant, const std::string& problem) { problems_ += tenant + ": " + problem + "\n"; }

  Counts counts(const std::string& tenant) {
    Counts found;
    const auto state = erp_.state(tenant);
    if (const auto* all = state.if_contains("counts"))
      for (const auto& one : all->as_object()) found[std::string(one.key())] = one.value().to_number<int>();
    return found;
  }
  static std::string text(const Counts& counts) {
    std::string shown;
    for (const auto& [doctype, count] : counts) shown += doctype + " " + std::to_string(count) + ", ";
    return shown;
  }

  void check_run(Records& records, const std::string& tenant, const std::string& state) {
    const auto runs =
        records.rows("select id, state, events from runs where tenant = '" + tenant + "' order by created_at, id");
    if (runs.size() != 1) return add(tenant, std::to_string(runs.size()) + " runs, and one was started");
    const auto& run = runs.front()[0];
    if (runs.front()[1] != state) add(tenant, "its run is " + runs.front()[1] + ", not " + state);
    const auto of_run = " where run = '" + run + "'";
    if (records.rows("select id from operations" + of_run + " and verb = 'start'").size() != 1)
      add(tenant, "it was not started exactly once");
    for (const auto& step : records.rows("select id, state from steps" + of_run + " and in_flight <> 0"))
      add(tenant, "a call is said to be out for step " + step[0] + ", which is " + step[1]);
    check_events(records, tenant, of_run, runs.front()[2]);
    for (const auto& step : records.rows("select step, count(*), max(number) from attempts" + of_run +
                                         " group by step having count(*) <> max(number)"))
      add(tenant, "step number " + step[0] + " has " + step[1] + " attempts, the last is number " + step[2]);
  }

  // Numbers without gaps, and no step begun again after it was done.
  void check_events(Records& records, const std::string& tenant, const std::string& of_run, const std::string& newest) {
    long long last = 0;
    std::set<std::string> done;
    for (const auto& event : records.rows("select number, step, type from events" + of_run + " order by number")) {
      const auto number = std::stoll(event[0]);
      if (number != last + 1) add(tenant, "event " + std::to_string(last) + " is followed by " + event[0]);
      last = number;
      if (event[2] == "step.completed" || event[2] == "step.exists") done.insert(event[1]);
      if (event[2] == "step.running" && done.contains(event[1])) add(tenant, event[1] + " ran again after it was done");
    }
    if (std::to_string(last) != newest) add(tenant, "the newest event is " + std::to_string(last) + ", not " + newest);
  }

  // Each thing was made once, unless it was taken away in between; nothing is taken away that was not made; what the
  // ERP takes for the same thing under two names is there once.
  void check_objects(const std::string& tenant, bool emptied) {
    std::set<std::string> there;
    for (const auto& effect : erp_.journal(tenant)) {
      const auto what = json::value_to<std::string>(effect.at("what"));
      const auto doctype = json::value_to<std::string>(effect.at("doctype"));
      const auto object = doctype + " " + json::value_to<std::string>(effect.at("name"));
      if (what == "created" && !doctype.empty() && !there.insert(object).second)
        add(tenant, object + " was made twice");
      if (what != "deleted") continue;
      if (!emptied) add(tenant, object + " was taken away");
      if (there.erase(object) == 0) add(tenant, object + " was taken away, and nobody had made it");
    }
    const auto state = erp_.state(tenant);
    if (const auto* duplicates = state.if_contains("duplicates");
        duplicates != nullptr && !duplicates->as_array().empty())
      add(tenant, "duplicates: " + json::serialize(*duplicates));
  }

  Erp& erp_;
  const Counts wanted_;
  std::string problems_;
};

}  // namespace tenantry::system
