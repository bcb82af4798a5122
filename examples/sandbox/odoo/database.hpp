// One Odoo database: its records by model and id, passwords, keys, how far its creation came. Changes are made inside a
// Transaction, which takes them back unless it is committed; numbers that were drawn stay drawn, as in PostgreSQL.
#pragma once
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "sandbox/journal.hpp"
#include "sandbox/odoo/schema.hpp"

namespace tenantry::sandbox::odoo {

// Only what is set, shared between databases and never changed in place.
using Record = std::shared_ptr<const json::object>;
using Table = std::map<Id, Record>;

enum class Stage {
  kCopying,   // a duplicate that PostgreSQL does not show yet
  kCreating,  // PostgreSQL has it, Odoo is still at it
  kHalfMade,  // the worker was killed meanwhile
  kReady,
};

class Database {
 public:
  Database(std::string name, Stage stage, const Schema& schema);

  // Held shared by every call, alone by what blocks the whole database: creating it and installing modules. Taken
  // before `mutex`.
  std::shared_timed_mutex gate;
  std::atomic<Stage> stage;
  // Held by whoever reads or changes anything below.
  std::mutex mutex;

  std::string name;
  const Schema& schema;
  std::string uuid;
  std::map<Id, std::string> passwords;  // by user
  std::map<Id, std::string> keys;       // by res.users.apikeys

  [[nodiscard]] const Table& table(std::string_view model) const;
  [[nodiscard]] const json::object* find(std::string_view model, Id id) const;
  // A stored field, or null.
  [[nodiscard]] const json::value& get(std::string_view model, Id id, std::string_view field) const;
  [[nodiscard]] bool installed(const std::string& module) const;
  // The user with this login and password (or key), if active.
  [[nodiscard]] std::optional<Id> sign_in(const std::string& login, const std::string& password) const;
  [[nodiscard]] bool accepts(Id user, const std::string& password) const;
  [[nodiscard]] std::optional<Id> user_of_key(const std::string& key) const;

  // Everything but name and uuid of another one; both mutexes are held.
  void copy_from(const Database& source);

  [[nodiscard]] json::object counts() const;
  // Records that are the same thing made twice, by their models' identity.
  [[nodiscard]] json::array duplicates() const;

  [[nodiscard]] json::object to_json() const;
  void restore(const json::object& state);

 private:
  friend class Transaction;
  std::map<std::string, Table, std::less<>> tables_;
  std::map<std::string, Id, std::less<>> last_id_;
  std::map<std::string, std::int64_t> sequences_;
};

[[nodiscard]] std::string random_hex(std::size_t digits);
[[nodiscard]] std::string random_uuid();

// One call's changes. The database's mutex is held for all of its life.
class Transaction {
 public:
  Transaction(Database& database, std::string method);
  // Takes everything back that was not committed.
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  [[nodiscard]] Database& database() { return database_; }
  [[nodiscard]] Id next_id(const std::string& model);
  // So that the next record of a model gets a number above this one.
  void skip_ids(const std::string& model, Id last);
  [[nodiscard]] std::int64_t next_in_sequence(const std::string& name);
  void put(const std::string& model, Id id, json::object record);
  void erase(const std::string& model, Id id);
  void set_password(Id user, const std::string& password);
  void set_key(Id key, const std::string& secret);

  // What the journal will say after commit. Inside `quietly` it is only counted, along with what is noted outside.
  void note(const std::string& model, Id id, const std::string& what);
  void note(const std::string& what);  // of the database itself
  class Quietly {
   public:
    explicit Quietly(Transaction& transaction) : transaction_(transaction) { ++transaction_.quiet_; }
    ~Quietly() { --transaction_.quiet_; }
    Quietly(const Quietly&) = delete;
    Quietly& operator=(const Quietly&) = delete;

   private:
    Transaction& transaction_;
  };
  void commit(Journal& journal);

 private:
  struct Undo {
    std::string model;
    Id id;
    Record before;  // nullptr: it was not there
  };
  Database& database_;
  std::string method_;
  std::vector<Undo> undo_;
  std::map<Id, std::string> passwords_before_;
  std::map<Id, std::string> keys_before_;
  std::vector<Effect> effects_;
  json::object made_along_;
  int quiet_ = 0;
  bool committed_ = false;
};

}  // namespace tenantry::sandbox::odoo
