// What has to happen around single recordings, so that the sandbox is where the recorded server was: faults set and
// taken back, other credentials, parts that cannot be alike.
#pragma once
#include <map>
#include <string>
#include <vector>

namespace tenantry::sandbox::testing {

struct ControlCall {
  std::string method;
  std::string target;  // below /__sandbox/
  std::string body;
};

enum class Credentials { kRecorded, kCashier, kWrongSecret, kWrongKey };

struct Document {
  std::string doctype;
  std::string payload;
};

struct Around {
  std::vector<Document> documents;  // made on the recording's site, before
  std::vector<ControlCall> before;
  std::vector<ControlCall> after;
  Credentials credentials = Credentials::kRecorded;
  int repeat_before = 0;          // the request itself, so many times, unchecked
  int timeout_millis = 20000;     // of the client
  bool in_background = false;     // sent on a thread, awaited by `await_background`
  bool await_background = false;  // before the request
};

inline ControlCall fault(const std::string& rule) { return {"POST", "faults", rule}; }
inline ControlCall no_faults() { return {"DELETE", "faults", ""}; }

// By the number that a recording's file name begins with.
inline const std::map<std::string, Around>& script() {
  static const auto kScript = [] {
    std::map<std::string, Around> around;
    const auto with_fault = [&around](const std::string& number, const std::string& rule) {
      around[number].before.push_back(fault(rule));
      around[number].after.push_back(no_faults());
    };
    const auto bench = [](const std::string& words, const std::string& stop_at = "") {
      return ControlCall{"POST", "bench", R"({"args":[)" + words + R"(],"stop_at":")" + stop_at + R"("})"};
    };
    around["008"].before = {{"POST", "downtime", R"({"millis":150})"}};
    around["027"].credentials = Credentials::kWrongSecret;
    around["028"].credentials = Credentials::kWrongKey;
    // Recorded while the next command was still running.
    around["085"].before = {bench(R"("new-site","tenant-b.local","--db-root-password","***")", "tables")};
    around["086"].before = {bench(R"("drop-site","tenant-b.local","--no-backup","--force")")};
    for (const char* number : {"201", "202", "203", "204", "241"}) around[number].credentials = Credentials::kCashier;
    // The client gave up; the server had gone on and committed.
    with_fault("282", R"({"doctype":"Company","method":"POST","action":"drop_after","times":1})");
    for (const char* number : {"294", "295", "296", "297", "298"})
      with_fault(number,
                 R"({"method":"POST","action":"error","status":500,"exc_type":"QueryDeadlockError","times":1})");
    for (const char* number : {"299", "300", "301"})
      with_fault(number, std::string(R"({"doctype":"Company","action":"error","status":417,"times":1,)") +
                             R"("exc_type":"LinkValidationError","message":"Could not find Row #)" +
                             (std::string(number) == "301" ? "8: Default Account: Cash - C31"
                                                           : "7: Default Account: Cash - C30") +
                             R"("})");
    for (const char* number : {"302", "305"})
      with_fault(number, R"({"action":"error","status":500,"exc_type":"QueryTimeoutError","times":1})");
    with_fault("303", R"({"action":"error","status":500,"exc_type":"QueryTimeoutError","times":1,"message":)"
                      R"("This document can not be deleted right now as it's being modified by another user. )"
                      R"(Please try again after some time."})");
    for (const char* number : {"306", "307", "308"}) with_fault(number, R"({"action":"maintenance"})");
    for (const char* number : {"309", "310"}) with_fault(number, R"({"action":"maintenance","reads_allowed":true})");
    for (const char* number : {"312", "313", "314"}) with_fault(number, R"({"action":"too_many","retry_after":37})");
    around["316"].repeat_before = 9;  // recorded: the first, then the eleventh
    around["415"].before = {{"POST", "settings", R"({"db_root_password":"another"})"}};
    around["415"].after = {{"POST", "settings", R"({"db_root_password":"***"})"}};
    for (const char* number : {"483", "484", "485"})
      with_fault(number, R"({"action":"condition","condition":"queue_down"})");
    for (const char* number : {"486", "487", "488"})
      with_fault(number, R"({"action":"condition","condition":"database_down"})");
    with_fault("490", R"({"doctype":"Company","method":"POST","action":"drop_before","times":1})");
    with_fault("514", R"({"path":"*setup_complete","millis":700,"times":1})");
    around["514"].in_background = true;
    around["514"].timeout_millis = 200;
    around["516"].await_background = true;
    // Made by the recorded session without a recording, to be deleted.
    around["576"].documents = {
        {"Item", R"({"item_code":"DEL-1","item_group":"Products","stock_uom":"Nos","standard_rate":5})"},
        {"Warehouse", R"({"warehouse_name":"Del WH","company":"PPO Ltd"})"},
        {"Account", R"({"account_name":"Del Acc","company":"PPO Ltd","parent_account":"Bank Accounts - PPO"})"},
        {"Mode of Payment", R"({"mode_of_payment":"Del MoP","type":"Bank"})"},
        {"User", R"({"email":"del@p.example","first_name":"Del","send_welcome_email":0})"}};
    return around;
  }();
  return kScript;
}

// Where a command is killed.
inline std::string stop_at(const std::string& number) {
  if (number == "088") return "tables";
  if (number == "386") return "apps";
  return number == "404" ? "directory" : "";
}

struct Exemption {
  std::string path;
  std::string reason;
};

// What is not compared by shape; nothing else is spared.
inline const std::vector<Exemption>& exemptions() {
  static const std::vector<Exemption> kExemptions{
      {".exc", "the text of a traceback; that there is one is compared"},
      {"._server_messages", "a string; compared by shape and number after it is decoded"}};
  return kExemptions;
}

}  // namespace tenantry::sandbox::testing
