#include "records.hpp"

#include <algorithm>
#include <map>

#include "blueprint.hpp"

namespace tenantry::odoo {

namespace {

constexpr auto kModule = "__tenantry__";
using std::chrono::seconds;

struct Found {
  std::int64_t id = 0;
  std::string name;   // of its external id; "": somebody else made it
  bool mine = false;  // this run made it
  bool archived = false;
  json::object fields;
};
using All = std::vector<std::optional<Found>>;  // in the order wanted

// An external id says which run made a record, so that no other run takes it back.
std::string suffix_of(const Context& context) { return "__" + fingerprint(context.run_id()); }

bool is_name_of(std::string_view name, const std::string& key) {
  return name.size() == key.size() + 10 && name.starts_with(key + "__");
}

std::vector<std::string> fields_of(const std::vector<Wanted>& wanted, const std::string& model) {
  std::vector<std::string> names{"id", "active"};
  for (const Wanted& one : wanted)
    if (one.model == model)
      for (const auto& [field, value] : one.same)
        if (std::find(names.begin(), names.end(), std::string(field)) == names.end()) names.emplace_back(field);
  return names;
}

// One request for the external ids, one for each model they lead to, and one for each record without.
Result<All> look(Database& database, const std::vector<Wanted>& wanted) {
  All all(wanted.size());
  if (wanted.empty()) return done(std::move(all));
  const Reply named =
      database.search_read("ir.model.data", {json::array{"module", "=", kModule}}, {"name", "model", "res_id"});
  if (!named.ok()) return ending_of(named.fault(), database.concern(wanted[0].title, "to look for it"));
  const std::string mine = suffix_of(database.context());
  std::map<std::string, std::vector<std::pair<std::size_t, Found>>> by_model;
  for (const json::object& row : named.rows())
    for (std::size_t i = 0; i < wanted.size(); ++i)
      if (const std::string name = text_of(row, "name");
          wanted[i].model == text_of(row, "model") && is_name_of(name, wanted[i].key))
        by_model[wanted[i].model].emplace_back(i, Found{id_of(row, "res_id"), name, name.ends_with(mine), false, {}});
  for (const auto& [model, known] : by_model) {
    json::array ids;
    for (const auto& [i, one] : known) ids.emplace_back(one.id);
    const Reply rows =
        database.search_read(model, {json::array{"id", "in", std::move(ids)}}, fields_of(wanted, model), true);
    if (!rows.ok()) return ending_of(rows.fault(), database.concern(wanted[0].title, "to look for it"));
    for (const json::object& row : rows.rows())
      for (const auto& [i, one] : known) {
        if (one.id != id_of(row, "id")) continue;
        Found found = one;
        found.fields = row;
        found.archived = text_of(row, "active") != "1";
        if (!all[i] || all[i]->archived) all[i] = std::move(found);
      }
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Wanted& one = wanted[i];
    if ((all[i] && !all[i]->archived) || one.natural.empty()) continue;
    const Reply rows = database.search_read(one.model, one.natural, fields_of(wanted, one.model));
    if (!rows.ok()) return ending_of(rows.fault(), database.concern(one.title, "to look for it"));
    if (const auto found = rows.rows(); !found.empty())
      all[i] = Found{id_of(found[0], "id"), "", false, false, found[0]};
  }
  return done(std::move(all));
}

std::vector<Drift> differences(const Wanted& wanted, const json::object& fields) {
  std::vector<Drift> drift;
  for (const auto& [field, value] : wanted.same) {
    const json::value* there = fields.if_contains(field);
    if (!there || !same_value(*there, value))
      drift.push_back({wanted.title + ": " + std::string(field), json::serialize(value),
                       there ? json::serialize(*there) : "nothing"});
  }
  return drift;
}

// Several records with the same fields go in one request.
Result<std::vector<std::int64_t>> load(Database& database, const std::vector<const Wanted*>& rows,
                                       const std::vector<std::string>& external) {
  json::array names{"id"};
  for (const auto& [name, value] : rows[0]->fields) names.emplace_back(name);
  names.emplace_back("active");  // one that was archived by a roll-back comes back
  json::array data;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    json::array values{std::string(kModule) + "." + external[i]};
    for (const auto& [name, value] : rows[i]->fields) values.emplace_back(value);
    values.emplace_back("1");
    data.emplace_back(std::move(values));
  }
  const Concern concern = database.concern(rows[0]->title, "to create it");
  const Reply reply = database.call(
      {.model = rows[0]->model, .method = "load", .named = {{"fields", names}, {"data", data}}}, seconds(120));
  if (!reply.ok()) return ending_of(reply.fault(), concern);
  std::vector<std::int64_t> ids;
  const json::object* said = reply.value().if_object();
  const json::value* list = said ? said->if_contains("ids") : nullptr;
  if (list && list->is_array())
    for (const json::value& id : list->get_array())
      if (id.is_int64()) ids.push_back(id.get_int64());
  if (ids.size() == rows.size()) return done(std::move(ids));
  // No error on the wire: what load() could not take is only in its messages.
  std::string message = "no ids";
  if (const json::value* messages = said ? said->if_contains("messages") : nullptr; messages && messages->is_array())
    for (const json::value& one : messages->get_array())
      if (one.is_object() && message == "no ids") message = plain_text(text_of(one.get_object(), "message"));
  return give_up({"odoo.load_refused", "invalid_input", concern.object, concern.expected, message,
                  "Correct what Odoo complains about, then Continue."});
}

bool same_form(const Wanted& a, const Wanted& b) {
  if (a.model != b.model || a.fields.size() != b.fields.size()) return false;
  for (std::size_t i = 0; i < a.fields.size(); ++i)
    if (a.fields[i].first != b.fields[i].first) return false;
  return true;
}

}  // namespace

bool Notes::has(const std::string& title) const {
  return std::find(creating.begin(), creating.end(), title) != creating.end();
}

Notes notes_of(const Context& context) { return context.checkpoint<Notes>().value_or(Notes{}); }

std::string key_part(std::string_view text) {
  std::string part;
  bool changed = false;
  for (const char c : text) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool big = c >= 'A' && c <= 'Z';
    part += fine ? c : big ? static_cast<char>(c - 'A' + 'a') : '_';
    changed = changed || !fine;
  }
  if (part.size() > 40 || changed) part = part.substr(0, 40) + "_" + fingerprint(text);
  return part;
}

bool same_value(const json::value& read, const json::value& written) {
  if (read == written) return true;
  const bool nothing_read = read.is_null() || (read.is_bool() && !read.get_bool());
  if (nothing_read)
    return written.is_null() || (written.is_bool() && !written.get_bool()) ||
           (written.is_string() && written.get_string().empty()) || (written.is_int64() && written.get_int64() == 0);
  if (read.is_array() && written.is_int64())
    return read.get_array().size() == 2 && read.get_array()[0] == written && read.get_array()[1].is_string();
  if (read.is_number() && written.is_number()) return read.to_number<double>() == written.to_number<double>();
  return false;
}

Result<Kept> ensure(Database& database, const std::vector<Wanted>& wanted) {
  const auto found = look(database, wanted);
  if (!found.has_value()) return found.ending();
  Notes notes = notes_of(database.context());
  const Notes earlier = notes;
  const auto is_there = [&](std::size_t i) { return (*found)[i] && !(*found)[i]->archived; };
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto& there = (*found)[i];
    if (!is_there(i)) {
      if (!notes.has(wanted[i].title)) notes.creating.push_back(wanted[i].title);
      continue;
    }
    if (!there->name.empty()) continue;
    if (const auto drift = differences(wanted[i], there->fields); !drift.empty())
      return give_up(
          {"odoo.conflict", "conflict", drift[0].what, drift[0].expected, drift[0].found,
           "Rename or remove the " + wanted[i].title + " that is in Odoo, or choose another name, then Continue."});
  }
  if (notes.creating.size() != earlier.creating.size()) database.context().save(notes);

  Kept kept;
  kept.ids.resize(wanted.size());
  for (std::size_t i = 0; i < wanted.size();) {
    database.context().progress(static_cast<double>(i) / static_cast<double>(wanted.size()), wanted[i].title);
    if (is_there(i)) {
      const Found& there = *(*found)[i];
      kept.ids[i] = there.id;
      if (there.mine || (!there.name.empty() && earlier.has(wanted[i].title))) kept.made.push_back(wanted[i].title);
      ++i;
      continue;
    }
    std::vector<const Wanted*> rows;
    std::vector<std::string> external;
    for (std::size_t next = i; next < wanted.size() && !is_there(next) && same_form(wanted[i], wanted[next]); ++next) {
      rows.push_back(&wanted[next]);
      const auto& archived = (*found)[next];
      external.push_back(archived ? archived->name : wanted[next].key + suffix_of(database.context()));
    }
    const auto ids = load(database, rows, external);
    if (!ids.has_value()) return ids.ending();
    for (std::size_t row = 0; row < rows.size(); ++row) {
      kept.ids[i + row] = (*ids)[row];
      kept.made.push_back(rows[row]->title);
    }
    i += rows.size();
  }
  return done(std::move(kept));
}

Result<Survey> survey(Database& database, const std::vector<Wanted>& wanted) {
  const auto found = look(database, wanted);
  if (!found.has_value()) return found.ending();
  const Notes notes = notes_of(database.context());
  Survey all;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto& there = (*found)[i];
    all.kept.ids.push_back(there ? there->id : 0);
    if (!there || there->archived) {
      all.drift.push_back({wanted[i].title, "there", there ? "archived" : "nothing"});
      continue;
    }
    for (Drift& difference : differences(wanted[i], there->fields)) all.drift.push_back(std::move(difference));
    if (there->mine || (!there->name.empty() && notes.has(wanted[i].title))) all.kept.made.push_back(wanted[i].title);
  }
  return done(std::move(all));
}

Result<std::vector<Action>> foresee(Database& database, const std::vector<Wanted>& wanted) {
  const auto found = look(database, wanted);
  if (!found.has_value()) return found.ending();
  std::vector<Action> actions;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto& there = (*found)[i];
    const bool wrong = there && there->name.empty() && !differences(wanted[i], there->fields).empty();
    actions.push_back(
        {there && !there->archived ? "keep" : "create", wanted[i].title, wrong ? "differs: the step will fail" : ""});
  }
  return done(std::move(actions));
}

Result<Titles> take_back(Database& database, const std::vector<Wanted>& wanted, const Titles& made) {
  const auto found = look(database, wanted);
  if (!found.has_value()) return found.ending();
  Titles left;
  for (std::size_t i = wanted.size(); i-- > 0;) {
    const Wanted& one = wanted[i];
    const auto& there = (*found)[i];
    if (!there || there->archived || there->name.empty()) continue;
    if (!there->mine && std::find(made.begin(), made.end(), one.title) == made.end()) continue;
    const Reply removed = database.unlink(one.model, there->id);
    if (removed.ok() || removed.is(Remedy::absent)) continue;
    const Fault& fault = removed.fault();
    if (fault.cause != "invalid_input" && fault.cause != "conflict")
      return ending_of(fault, database.concern(one.title, "to remove it"));
    const Reply archived = database.write(one.model, there->id, {{"active", false}});
    if (!archived.ok() && archived.fault().cause != "invalid_input" && archived.fault().cause != "conflict")
      return ending_of(archived.fault(), database.concern(one.title, "to archive it"));
    if (archived.ok())
      database.context().warn("archived instead of removed, because something refers to it", {{"object", one.title}});
    else
      database.context().warn("stays, because Odoo neither removes nor archives it",
                              {{"object", one.title}, {"found", archived.fault().message}});
    left.push_back(one.title);
  }
  return done(std::move(left));
}

namespace {

Result<json::object> read(Database& database, const std::string& model, std::int64_t id,
                          const std::vector<std::string>& fields) {
  const Reply rows = database.search_read(model, {json::array{"id", "=", id}}, fields, true);
  const std::string title = model + " " + std::to_string(id);
  if (!rows.ok()) return ending_of(rows.fault(), database.concern(title, "to read it"));
  auto all = rows.rows();
  if (all.empty())
    return give_up({"odoo.absent", "not_found", title, "there", "nothing", "Create what is missing, then Continue."});
  return done(std::move(all[0]));
}

std::vector<std::string> names_in(const json::object& values) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values) names.emplace_back(name);
  return names;
}

// A many2one is read as [id, name] and written as its id.
json::value writable(const json::value& read) {
  if (read.is_array() && read.get_array().size() == 2 && read.get_array()[1].is_string()) return read.get_array()[0];
  if (read.is_string()) return json::value(valid_utf8(read.get_string()));
  return read;
}

}  // namespace

Result<std::vector<Changed>> apply(Database& database, const std::string& model, std::int64_t id,
                                   const json::object& values) {
  const auto now = read(database, model, id, names_in(values));
  if (!now.has_value()) return now.ending();
  Notes notes = notes_of(database.context());
  json::object change;
  for (const auto& [field, wanted] : values) {
    const json::value* there = now->if_contains(field);
    if (there && same_value(*there, wanted)) continue;
    change[field] = wanted;
    const std::string name(field);
    const bool known = std::any_of(notes.changing.begin(), notes.changing.end(),
                                   [&](const Changed& c) { return c.model == model && c.id == id && c.field == name; });
    if (!known)  // the first before-image is the true one
      notes.changing.push_back({model, id, name, there ? writable(*there) : json::value(), wanted});
  }
  if (!change.empty()) {
    database.context().save(notes);
    const Reply put = database.write(model, id, change);
    if (!put.ok()) return ending_of(put.fault(), database.concern(model, "to change it"));
  }
  return done(std::move(notes.changing));
}

Result<std::vector<Drift>> compare(Database& database, const std::string& model, std::int64_t id,
                                   const json::object& values) {
  const auto now = read(database, model, id, names_in(values));
  if (!now.has_value()) return now.ending();
  std::vector<Drift> drift;
  for (const auto& [field, wanted] : values) {
    const json::value* there = now->if_contains(field);
    if (!there || !same_value(*there, wanted))
      drift.push_back(
          {model + ": " + std::string(field), json::serialize(wanted), there ? json::serialize(*there) : "nothing"});
  }
  return done(std::move(drift));
}

Result<Nothing> put_back(Database& database, const std::vector<Changed>& changes) {
  std::map<std::pair<std::string, std::int64_t>, std::vector<Changed>> by_record;
  for (const Changed& change : changes) by_record[{change.model, change.id}].push_back(change);
  for (const auto& [record, fields] : by_record) {
    std::vector<std::string> names;
    for (const Changed& change : fields) names.push_back(change.field);
    const auto now = read(database, record.first, record.second, names);
    if (!now.has_value()) return now.ending();
    json::object before;
    for (const Changed& change : fields)
      if (const json::value* there = now->if_contains(change.field);
          there && same_value(*there, change.after) && !same_value(*there, change.before))
        before[change.field] = change.before;
    if (before.empty()) continue;
    const Reply put = database.write(record.first, record.second, before);
    if (!put.ok()) return ending_of(put.fault(), database.concern(record.first, "to put its old values back"));
  }
  return done();
}

}  // namespace tenantry::odoo
