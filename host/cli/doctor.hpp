// `tenantry doctor`: what was found where a host is to run, what is wrong with it, and what to put right first. What is
// there is gathered by the composition root (host/doctor.cpp), which knows the other rooms; what it means is judged
// here.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "client/output.hpp"

namespace tenantry::cli {

enum class Verdict {
  kOk,
  kWarn,   // a host runs, but not as it should
  kWrong,  // it does not, or cannot do what it is there for
};

// What came of one check: one line.
struct Finding {
  std::string check;    // config, data, key, store, engine, server, webhook, disk or port
  std::string subject;  // of which: a path, an id, an address
  Verdict verdict = Verdict::kOk;
  std::string message;      // one sentence
  std::string next_action;  // one sentence; empty if all is well
  std::string command;      // that puts it right, or shows more; may be empty
};

// What was seen, and what that means. A `file` or `path` is one that a shell takes as it is, or is quoted.

struct ConfigSeen {
  std::string file;                    // empty: none, the defaults
  std::optional<base::Error> refused;  // with a problem for each unknown or wrong member
};
[[nodiscard]] Finding judge(const ConfigSeen& seen);

struct FolderSeen {
  std::string path;
  bool there = false;
  bool is_folder = false;
  bool usable = false;  // this user may make files in it or, if it is not there, make it
  bool others = false;  // may look into it
  std::string owner;    // another user than this one; empty: this one
};
[[nodiscard]] Finding judge(const FolderSeen& seen);

struct KeySeen {
  std::string file;  // empty: the key is in TENANTRY_KEY
  bool there = false;
  std::optional<base::Error> refused;
  std::int64_t sealed = 0;  // secrets in the store that need it
};
[[nodiscard]] Finding judge(const KeySeen& seen);

struct StoreSeen {
  std::string name;  // the file, or the database without its password
  bool shared = false;
  bool there = false;  // there is something in it
  int layout = 0;
  int newest = 0;      // that this program knows
  std::string holder;  // pid of the process that has it open; empty: nobody
  std::optional<base::Error> refused;
};
[[nodiscard]] Finding judge(const StoreSeen& seen);

struct EngineSeen {
  std::string file;
  std::string title;  // "ERPNext 1.0.0"
  std::size_t steps = 0;
  std::string refused;  // why; empty: it was loaded
};
[[nodiscard]] Finding judge(const EngineSeen& seen);
// When not a single one was there.
[[nodiscard]] Finding judge_no_engines(const std::vector<std::string>& folders);

struct ServerSeen {
  std::string id;
  std::string url;
  std::string engine;
  bool has_engine = false;                  // that was loaded
  std::vector<base::Error> secrets;         // those that cannot be read
  std::vector<base::Problem> settings;      // what the engine does not accept
  base::Result<int> answer{base::Error{}};  // status of HTTP, or why there was none
};
[[nodiscard]] Finding judge(const ServerSeen& seen);

struct WebhookSeen {
  std::string id;
  std::optional<base::Error> refused;  // its signing key
};
[[nodiscard]] Finding judge(const WebhookSeen& seen);

struct DiskSeen {
  std::string path;
  std::optional<std::uint64_t> free_bytes;  // none: it cannot be told
};
[[nodiscard]] Finding judge(const DiskSeen& seen);

struct PortSeen {
  std::string address;  // 127.0.0.1:4000
  std::uint16_t port = 0;
  bool free = false;
  bool taken = false;    // by a process that listens there
  bool is_host = false;  // which is a Tenantry host
  std::string why;       // it is neither free nor taken
};
[[nodiscard]] Finding judge(const PortSeen& seen);

// The one thing to put right before all others: the first that is wrong, else the first that is not as it should be;
// nullptr: nothing. Findings are in the order in which a host needs things.
[[nodiscard]] const Finding* first_to_fix(const std::vector<Finding>& findings);

// {"verdict", "findings": [...], "first": {...} or null}
[[nodiscard]] base::json::object describe(const std::vector<Finding>& findings);

// Writes a line for each, and at last what to do first; `then` is the command for when nothing is wrong. Returns
// kExitOk or, if something is wrong, kExitFailed.
[[nodiscard]] int tell(const std::vector<Finding>& findings, client::Format format, const std::string& then,
                       std::ostream& out);

// A word for a shell: as it is if that is safe, else in quotes.
[[nodiscard]] std::string shell_word(const std::string& text);

}  // namespace tenantry::cli
