// What has to happen around single recordings of Odoo, so that the sandbox is where the recorded server was.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "sandbox/replay_script.hpp"

namespace tenantry::sandbox::testing {

namespace json = boost::json;

struct OdooStep {
  std::vector<ControlCall> before;
  std::vector<ControlCall> after;
  int timeout_millis = 20000;    // of the client
  std::string begin;             // another recording that is sent before, and goes on
  std::string await;             // one that was begun, and that has to be through before
  std::string awaited_database;  // that has to be ready before
  bool twice = false;            // sent once before, unchecked
};

inline ControlCall settings(const std::string& members) { return {"POST", "settings", members}; }

// By what a file's name begins with: "o18-001".
inline const std::map<std::string, OdooStep>& odoo_script() {
  static const auto kScript = [] {
    std::map<std::string, OdooStep> steps;
    const auto with_fault = [&steps](const std::string& number, const std::string& rule) {
      steps[number].before.push_back(fault(rule));
      steps[number].after.push_back(no_faults());
    };
    steps["o18-001"].before = {{"POST", "downtime", R"({"millis":150})"}};
    // The recorded server lacked a library for these two modules, then.
    const std::string library = json::serialize(json::object{
        {"doctype", "*.button_immediate_install"},
        {"action", "error"},
        {"exc_type", "builtins.ImportError"},
        {"message",
         "cannot import name 'lib' from partially initialized module 'odoo.addons.phone_validation' (most likely due "
         "to a circular import) (/opt/odoo18/odoo/addons/phone_validation/__init__.py)"}});
    with_fault("o18-093", library);
    with_fault("o18-100", library);
    // The client gave up after two seconds of ten, here after 100 ms of 300.
    with_fault("o18-277", R"({"doctype":"db.create_database","millis":300})");
    steps["o18-277"].timeout_millis = 100;
    steps["o18-278"] = {
        {fault(R"({"doctype":"db.create_database","millis":2000,"times":1})")}, {}, 20000, "o18-297", "", "tmo"};
    steps["o18-280"] = {{no_faults()}, {}, 20000, "", "o18-297", ""};
    // The list of databases turned off, then a filter by the host, then workers with a limit.
    steps["o18-320"].before = {settings(R"({"list_db":false})")};
    steps["o18-329"].before = {settings(R"({"list_db":true,"db_filter":"^%d$"})")};
    steps["o18-340"].before = {settings(R"({"db_filter":""})")};
    steps["o18-342"].before = {settings(R"({"limit_time_real_millis":100,"create_millis":5000})")};
    steps["o18-348"].after = {settings(R"({"limit_time_real_millis":0,"create_millis":-1})")};
    with_fault("o18-361",
               R"({"doctype":"*.button_immediate_install","action":"condition","condition":"cron_running"})");
    for (const char* number : {"o18-376", "o18-377"})
      with_fault(number, R"({"doctype":"*.write","action":"error","exc_type":"psycopg2.errors.SerializationFailure"})");
    steps["o18-486"] = {{fault(R"({"doctype":"db.duplicate_database","millis":1000,"times":1})")},
                        {no_faults()},
                        20000,
                        "o18-487",
                        "",
                        ""};
    // The recorded database had been given a key's description once before.
    for (const char* number : {"o18-382", "o19-032"}) steps[number].twice = true;
    // The two servers shared a cluster, and saw each other's databases.
    steps["o19-006"].before = {{"POST", "databases", R"({"name":"t1"})"}};
    return steps;
  }();
  return kScript;
}

// Recordings that cannot be played, and why.
inline const std::map<std::string, std::string>& not_covered() {
  static const std::map<std::string, std::string> kReasons{
      {"o18-create-timeout-followup", "polls of the create that its client gave up on: a summary, no exchange"},
      {"o18-poll-during-install", "times of polls during an install: a summary, no exchange"},
      {"o18-serialization-storm", "outcomes of six writing clients: a summary, no exchange"},
      {"o18-traffic-during-duplicate", "outcomes of traffic while its database is copied: a summary, no exchange"}};
  return kReasons;
}

// Parts of bodies that are not looked at.
inline const std::map<std::string, std::set<std::string>>& odoo_exemptions() {
  static const std::map<std::string, std::set<std::string>> kExemptions{};
  return kExemptions;
}

}  // namespace tenantry::sandbox::testing
