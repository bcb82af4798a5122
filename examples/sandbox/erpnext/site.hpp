// One site and its database: documents by doctype and name, naming series, sessions, keys. Changes are made inside a
// Transaction, which takes them back unless it is committed.
#pragma once
#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sandbox/erpnext/schema.hpp"
#include "sandbox/journal.hpp"

namespace tenantry::sandbox::erpnext {

// Only what differs from the doctype's defaults, plus name, owner, creation, modified, modified_by, docstatus, idx and
// the rows of child tables. Shared between sites and never changed in place.
using Document = std::shared_ptr<const json::object>;

struct Row {
  Document document;
  std::uint64_t order = 0;  // of creation within the site
};
using Table = std::map<std::string, Row, std::less<>>;

// How far `bench new-site` and `install-app` came.
enum class Stage {
  kDirectory,      // site_config.json, no tables
  kHalfTables,     // killed while the tables were made
  kFrappe,         // works, without ERPNext
  kHalfInstalled,  // install-app was killed
  kReady,
};

struct Session {
  std::string user;
  std::string csrf;  // empty until /app was rendered
};
struct Keys {
  std::string key;
  std::string secret;
};

class Site {
 public:
  Site(std::string name, Stage stage, std::string admin_password);

  // Held by whoever reads or changes anything below.
  std::mutex mutex;

  const std::string name;
  Stage stage;
  json::object config;                                // site_config.json
  std::map<std::string, std::string> passwords;       // by user
  std::map<std::string, Keys> keys;                   // by user
  std::unordered_map<std::string, Session> sessions;  // by sid
  struct Failures {
    int count = 0;
    std::chrono::steady_clock::time_point last;
  };
  std::map<std::string, Failures> failed_logins;  // by user
  std::map<std::string, std::string> files;       // content by file_url
  bool wizard_running = false;
  std::optional<std::pair<std::chrono::steady_clock::time_point, json::object>> background_wizard;
  std::map<std::string, int> inserting;               // tree inserts in work, by doctype
  std::map<std::string, std::uint64_t> tree_commits;  // tree inserts done, by doctype
  std::int64_t rate_limit_used = 0;

  [[nodiscard]] const Table& table(const std::string& doctype) const;
  // The stored document or nullptr.
  [[nodiscard]] const json::object* find(const std::string& doctype, std::string_view document_name) const;
  [[nodiscard]] bool exists(const std::string& doctype, std::string_view document_name) const;
  // A field with its default. Null if the document or the field is not there.
  [[nodiscard]] const json::value& get(const std::string& doctype, std::string_view document_name,
                                       std::string_view field) const;
  [[nodiscard]] std::string text(const std::string& doctype, std::string_view document_name,
                                 std::string_view field) const;
  [[nodiscard]] std::string single(const std::string& doctype, std::string_view field) const;
  // lft and rgt of a tree's document.
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> bounds(const std::string& doctype,
                                                             std::string_view document_name);
  [[nodiscard]] bool has_app(std::string_view app) const;
  // Local time of the site, as Frappe writes it: "2026-11-23 14:16:44.366036".
  [[nodiscard]] std::string now() const;
  [[nodiscard]] std::string today() const;

  // All of the site for a state file, and back. What every new site holds is left out.
  [[nodiscard]] json::object to_json() const;
  void restore(const json::object& state);

  [[nodiscard]] json::object counts() const;
  [[nodiscard]] json::array duplicates() const;

 private:
  friend class Transaction;
  std::unordered_map<std::string, Table> tables_;
  std::map<std::string, std::int64_t> series_;
  std::uint64_t next_order_ = 1;
  struct Bounds {
    bool valid = false;
    std::unordered_map<std::string, std::pair<std::int64_t, std::int64_t>> by_name;
  };
  std::map<std::string, Bounds> bounds_;
};

// The field of a stored document, or its doctype's default, or null.
[[nodiscard]] const json::value& field_of(const Doctype& doctype, const json::object& document, std::string_view field);
[[nodiscard]] std::string as_text(const json::value& value);
[[nodiscard]] double as_number(const json::value& value);
[[nodiscard]] bool as_bool(const json::value& value);

// One request's changes. The site's mutex is held for all of its life.
class Transaction {
 public:
  Transaction(Site& site, std::string user, std::string method);
  // Takes everything back that was not committed.
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  Site& site() { return site_; }
  [[nodiscard]] const std::string& user() const { return user_; }
  [[nodiscard]] const std::string& time() const { return time_; }

  void put(const std::string& doctype, const std::string& name, json::object document);
  void put_shared(const std::string& doctype, const std::string& name, Document document);
  void erase(const std::string& doctype, const std::string& name);
  // The next name of a pattern such as "POS-OPE-.YYYY.-.#####".
  std::string next_in_series(const std::string& pattern);
  // Frees the number of a name that is the last of its series.
  void give_back(const std::string& name);

  // What the journal will say after commit; `main` is what the request was about, the rest is counted under it.
  void note(const std::string& doctype, const std::string& name, const std::string& what, bool main = true);
  void commit(Journal& journal);

  std::vector<struct Message>& messages() { return *messages_; }

 private:
  struct Undo {
    std::string doctype;
    std::string name;
    std::optional<Row> before;
  };
  Site& site_;
  std::string user_;
  std::string method_;
  std::string time_;
  std::vector<Undo> undo_;
  std::map<std::string, std::int64_t> series_before_;
  std::vector<Effect> effects_;
  json::object made_along_;
  std::unique_ptr<std::vector<struct Message>> messages_;
  bool committed_ = false;
};

}  // namespace tenantry::sandbox::erpnext
