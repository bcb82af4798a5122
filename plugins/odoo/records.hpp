// What a step wants to be in a database, and the one way of making, checking and taking it back: look first, write down
// what is about to be made, and make it by load() under an external id, which Odoo itself turns into an upsert. A crash
// between any two of these is resolved by the next attempt.
#pragma once
#include "database.hpp"

namespace tenantry::odoo {

// One record.
struct Wanted {
  std::string model;
  std::string key;      // its external id is __tenantry__.<key>__<of the run that made it>
  std::string title;    // for people, and in notes: "warehouse Main Shop"
  json::array natural;  // finds one that somebody else made
  // As load() takes them, in order: "name", "company_id/.id", "payment_method_ids/.id".
  std::vector<std::pair<std::string, std::string>> fields;
  json::object same = {};  // what one that is there must have to be used; many2one by id
};

// One change of a record that is always there.
struct Changed {
  std::string model;
  std::int64_t id = 0;
  std::string field;
  json::value before, after;
};
BOOST_DESCRIBE_STRUCT(Changed, (), (model, id, field, before, after))

using Titles = std::vector<std::string>;

// A step's checkpoint. Saved before the thing is done: what is found later and is written down here, is ours.
struct Notes {
  int version = 1;
  Titles creating;
  std::vector<Changed> changing;
  std::int64_t began = 0;       // when the making of a database was begun, in seconds of the Unix clock
  std::int64_t installing = 0;  // when modules were last seen on their way, in the same seconds
  std::int64_t stages = 0;      // how many staging databases this run has begun, numbered from 1
  std::int64_t ready = 0;       // the one that is known to be a whole copy
  std::int64_t remade = 0;      // how often a database had to be dropped and made again

  [[nodiscard]] bool has(const std::string& title) const;
};
BOOST_DESCRIBE_STRUCT(Notes, (), (version, creating, changing, began, installing, stages, ready, remade))

[[nodiscard]] Notes notes_of(const Context& context);

struct Kept {
  std::vector<std::int64_t> ids;  // in the order wanted
  Titles made;                    // by this run, in this attempt or an earlier one
};
// Makes what is missing. What is there already is used as it is if it is the same.
[[nodiscard]] Result<Kept> ensure(Database& database, const std::vector<Wanted>& wanted);

struct Survey {
  std::vector<Drift> drift;
  Kept kept;
};
[[nodiscard]] Result<Survey> survey(Database& database, const std::vector<Wanted>& wanted);
// What ensure() would do.
[[nodiscard]] Result<std::vector<Action>> foresee(Database& database, const std::vector<Wanted>& wanted);
// Removes, in reverse, what this run made: what its external id says, and these titles. Archives what cannot be
// removed, and leaves what Odoo does not archive, either. Answers with what stays behind.
[[nodiscard]] Result<Titles> take_back(Database& database, const std::vector<Wanted>& wanted, const Titles& made);

// Fields of a record that is always there, e.g. of the company. Answers with every change of this run.
[[nodiscard]] Result<std::vector<Changed>> apply(Database& database, const std::string& model, std::int64_t id,
                                                 const json::object& values);
[[nodiscard]] Result<std::vector<Drift>> compare(Database& database, const std::string& model, std::int64_t id,
                                                 const json::object& values);
// Puts the before-images back where our value is still there.
[[nodiscard]] Result<Nothing> put_back(Database& database, const std::vector<Changed>& changes);

// True if what Odoo reads (a many2one as [id, name], nothing as false) is what was written.
[[nodiscard]] bool same_value(const json::value& read, const json::value& written);
// Letters, digits and underscores, for a part of an external id; a text that needs changing gets a fingerprint.
[[nodiscard]] std::string key_part(std::string_view text);

}  // namespace tenantry::odoo
