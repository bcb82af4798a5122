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
  // `like`: a tenant with the same inputs that was provisioned undisturbed; its site, or database, shows what has to be
  // there.
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

  // Once all runs have ended: the ERP's databases are those of the tenants, the templates and what was there before,
  // which nobody touched. Empty, too, of an ERP that has no databases.
  [[nodiscard]] std::string check_databases(const std::vector<std::string>& tenants) {
    if (erp_.product.bystander.empty()) return {};
    problems_.clear();
    std::set<std::string> ours;
    std::set<std::string> others;
    std::map<std::string, int> templates;
    for (const auto& effect : erp_.journal()) {
      const auto database = text_of(effect, "site");
      const bool of_a_client = !text_of(effect, "method").empty();
      const auto what = text_of(effect, "what");
      if (of_a_client && others.contains(database)) add(database, what + ", and it is somebody else's");
      if (text_of(effect, "doctype") != "database") continue;
      if (what == "dropped") {
        if (ours.erase(database) == 0) add(database, "dropped, and nobody of ours had made it");
      } else {
        (of_a_client ? ours : others).insert(database);
      }
      if (database.starts_with("tenantry-template-")) templates[database] += what == "renamed" ? 1 : 2;
    }
    for (const auto& [name, times] : templates)
      if (times != 1) add(name, "was made more than once, or taken away");
    auto left = erp_.databases();
    for (const auto& name : others)
      if (left.erase(name) == 0) add(name, "is gone, and it was somebody else's");
    if (others.empty()) add(erp_.product.bystander, "is not there from the start");
    for (const auto& tenant : tenants) left.erase(Erp::site_of(tenant));
    for (const auto& name : left)
      if (!templates.contains(name)) add(name, "was left behind");
    return problems_;
  }

 private:
  using Counts = std::map<std::string, int>;

  void add(const std::string& tenant, const std::string& problem) { problems_ += tenant + ": " + problem + "\n"; }

  Counts counts(const std::string& tenant) {
    Counts found;
    const auto state = erp_.state(tenant);
    if (const auto* all = state.if_contains("counts"))
      for (const auto& one : all->as_object())
        if (!erp_.product.not_counted.contains(one.key())) found[one.key()] = one.value().to_number<int>();
    return found;
  }
  static std::string text_of(const json::value& effect, const char* member) {
    return json::value_to<std::string>(effect.at(member));
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
  // ERP takes for the same thing under two names is there once. A tenant's database gets its name once, and loses it
  // only when all is to be taken back.
  void check_objects(const std::string& tenant, bool emptied) {
    std::set<std::string> there;
    std::set<std::string> done;  // what happens once to an object
    int named = 0;
    for (const auto& effect : erp_.journal(tenant)) {
      const auto what = text_of(effect, "what");
      const auto doctype = text_of(effect, "doctype");
      const auto object = doctype + " " + text_of(effect, "name");
      if (doctype == "database") {
        if (what == "dropped" && !emptied) add(tenant, "its database was dropped");
        named += what == "dropped" ? -1 : 1;
        if (named != 0 && named != 1) add(tenant, "its database was " + what + " out of turn");
        there.clear();
        done.clear();
        continue;
      }
      if (what == "created" && !doctype.empty() && !there.insert(object).second)
        add(tenant, object + " was made twice");
      if ((what == "submitted" || what == "opened" || what == "applied") && !done.insert(object + what).second)
        add(tenant, object + " was " + what + " twice");
      if (what != "deleted") continue;
      // A key whose secret died with the host that made it must not stay open.
      if (!emptied && doctype != "res.users.apikeys") add(tenant, object + " was taken away");
      if (there.erase(object) == 0) add(tenant, object + " was taken away, and nobody had made it");
    }
    if (!erp_.product.bystander.empty()) {
      const int wanted = emptied ? 0 : 1;
      if (named != wanted || static_cast<int>(erp_.databases().count(Erp::site_of(tenant))) != wanted)
        add(tenant, wanted == 1 ? "it has no database" : "its database is still there");
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
