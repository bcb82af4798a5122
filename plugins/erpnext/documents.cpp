#include "documents.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace tenantry::erpnext {

namespace {

using Rows = std::map<std::string, json::object>;  // by title

bool contains(const std::vector<std::string>& list, const std::string& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

// One request for each doctype that occurs.
Result<Rows> look(Site& site, const std::vector<Wanted>& wanted) {
  std::vector<std::string> doctypes;
  for (const Wanted& one : wanted)
    if (!contains(doctypes, one.doctype)) doctypes.push_back(one.doctype);
  Rows found;
  for (const std::string& doctype : doctypes) {
    json::array names;
    std::vector<std::string> fields{"name", "_user_tags"};
    for (const Wanted& one : wanted) {
      if (one.doctype != doctype) continue;
      names.emplace_back(one.name);
      for (const auto& [field, value] : one.same)
        if (!contains(fields, std::string(field))) fields.emplace_back(field);
    }
    const std::string first = doctype + " " + as_text(names[0]);
    const json::array filters{json::array{"name", "in", std::move(names)}};
    const Reply reply = site.list(doctype, filters, fields);
    if (!reply.ok()) return ending_of(reply.fault(), site.concern(first, "to look for it"));
    for (json::object& row : reply.rows()) found[doctype + " " + text_of(row, "name")] = row;
  }
  return done(std::move(found));
}

std::vector<Drift> differences(const Wanted& wanted, const json::object& row) {
  std::vector<Drift> drift;
  for (const auto& [field, value] : wanted.same) {
    const std::string expected = as_text(value), there = text_of(row, field);
    if (expected != there) drift.push_back({wanted.title() + ": " + std::string(field), expected, there});
  }
  return drift;
}

Ending conflict(const Wanted& wanted, const std::string& expected, const std::string& found) {
  return give_up({"erpnext.conflict", "conflict", wanted.title(), expected, found,
                  "Rename or remove " + wanted.title() + " in ERPNext, or choose another name, then Continue."});
}

// What is there may be used, or may not: nullopt or the reason.
std::optional<Ending> refusal(const Wanted& wanted, const json::object& row, Holder holder, bool adopt) {
  if (wanted.common) return std::nullopt;
  if (holder == Holder::another_tenant) return conflict(wanted, "one of this tenant", "one of another tenant");
  if (holder == Holder::nobody && !adopt)
    return conflict(wanted, "none, or one of this tenant", "one of somebody else");
  const auto drift = differences(wanted, row);
  if (drift.empty()) return std::nullopt;
  return conflict(wanted, drift[0].what + " = " + drift[0].expected,
                  drift[0].found.empty() ? "nothing" : drift[0].found);
}

// Looks at the one document whose making ended without a clear answer.
Result<std::optional<json::object>> look_again(Site& site, const Wanted& wanted) {
  const auto rows = look(site, {wanted});
  if (!rows.has_value()) return rows.ending();
  const auto row = rows->find(wanted.title());
  std::optional<json::object> found;
  if (row != rows->end()) found = row->second;
  return done(std::move(found));
}

std::optional<Ending> put_mark(Site& site, const Wanted& wanted, const Mark& mark) {
  const Reply reply = site.tag(wanted.doctype, wanted.name, mark.tag());
  if (reply.ok()) return std::nullopt;
  return ending_of(reply.fault(), site.concern(wanted.title(), "to mark it as the tenant's"));
}

// True: this run made it. False: somebody was faster, and what is there will do.
Result<bool> make(Site& site, const Wanted& wanted, const Mark& mark, bool begun_before, const EnsureOptions& options) {
  const Reply reply = site.create(wanted.doctype, wanted.fields);
  if (!reply.ok()) {
    const Fault& fault = reply.fault();
    if (fault.remedy == Remedy::cancelled) return cancelled();
    const bool look_now = fault.remedy == Remedy::exists || fault.unknown_outcome;
    if (!look_now) return ending_of(fault, site.concern(wanted.title(), "to create it"));
    const auto found = look_again(site, wanted);
    if (!found.has_value()) return found.ending();
    if (!*found) {
      Fault again = fault;  // a name that is taken, yet not to be seen: it comes or goes right now
      again.remedy = Remedy::retry;
      return ending_of(again, site.concern(wanted.title(), "to create it"));
    }
    const Holder holder = mark.holder(text_of(**found, "_user_tags"));
    if (holder == Holder::this_run) return done(true);
    // Taken, although it was free a moment ago: by an earlier attempt of ours that was still at work, or by others.
    const bool ours = holder == Holder::nobody && (fault.unknown_outcome || (begun_before && !wanted.common));
    if (!ours) {
      if (auto reason = refusal(wanted, **found, holder, options.adopt)) return std::move(*reason);
      return done(false);
    }
  }
  if (reply.ok())
    if (const std::string name = text_of(reply.fields(), "name"); !name.empty() && name != wanted.name) {
      // A series decides about names here, and every repetition would make another: better none at all.
      const Reply removed = site.remove(wanted.doctype, name);
      return give_up({"erpnext.name_not_kept", "missing_dependency", wanted.title(), "that name",
                      name + (removed.ok() ? " (removed again)" : ""),
                      "Let ERPNext name a " + wanted.doctype + " by its name and not by a series, then Continue."});
    }
  if (auto problem = put_mark(site, wanted, mark)) return std::move(*problem);
  return done(true);
}

// What a document can be told to be instead of gone.
std::optional<json::object> disabling(const std::string& doctype) {
  static const std::set<std::string> kDisabled{"Item", "Customer", "Account", "Warehouse", "POS Profile"};
  if (kDisabled.contains(doctype)) return json::object{{"disabled", 1}};
  if (doctype == "User") return json::object{{"enabled", 0}};
  return std::nullopt;
}

}  // namespace

bool Notes::has(const std::string& title) const { return contains(creating, title); }

Notes notes_of(const Context& context) { return context.checkpoint<Notes>().value_or(Notes{}); }

Result<Titles> ensure(Site& site, const std::vector<Wanted>& wanted, const EnsureOptions& options) {
  const Mark mark(site.context());
  const auto found = look(site, wanted);
  if (!found.has_value()) return found.ending();
  Notes notes = notes_of(site.context());
  const Notes earlier = notes;

  for (const Wanted& one : wanted) {
    const auto row = found->find(one.title());
    if (row == found->end()) {
      if (!notes.has(one.title())) notes.creating.push_back(one.title());
      continue;
    }
    const Holder holder = mark.holder(text_of(row->second, "_user_tags"));
    const bool ours = holder == Holder::this_run || (holder == Holder::nobody && earlier.has(one.title()));
    if (ours) continue;
    if (auto reason = refusal(one, row->second, holder, options.adopt)) return std::move(*reason);
  }
  if (notes.creating.size() != earlier.creating.size()) site.context().save(notes);

  Titles made;
  std::size_t count = 0;
  for (const Wanted& one : wanted) {
    site.context().progress(static_cast<double>(count++) / static_cast<double>(wanted.size()), one.title());
    const auto row = found->find(one.title());
    if (row == found->end()) {
      const auto by_us = make(site, one, mark, earlier.has(one.title()), options);
      if (!by_us.has_value()) return by_us.ending();
      if (*by_us) made.push_back(one.title());
      continue;
    }
    const Holder holder = mark.holder(text_of(row->second, "_user_tags"));
    if (holder == Holder::nobody && earlier.has(one.title())) {
      if (auto problem = put_mark(site, one, mark)) return std::move(*problem);
      made.push_back(one.title());
    } else if (holder == Holder::this_run) {
      made.push_back(one.title());
    }
  }
  return done(std::move(made));
}

Result<Survey> survey(Site& site, const std::vector<Wanted>& wanted) {
  const Mark mark(site.context());
  const auto found = look(site, wanted);
  if (!found.has_value()) return found.ending();
  const Notes notes = notes_of(site.context());
  Survey all;
  for (const Wanted& one : wanted) {
    const auto row = found->find(one.title());
    if (row == found->end()) {
      all.drift.push_back({one.title(), "there", "nothing"});
      continue;
    }
    for (Drift& difference : differences(one, row->second)) all.drift.push_back(std::move(difference));
    const Holder holder = mark.holder(text_of(row->second, "_user_tags"));
    if (holder == Holder::this_run) all.made.push_back(one.title());
    if (holder == Holder::nobody && notes.has(one.title()))
      all.drift.push_back({one.title(), "marked as the tenant's", "not marked"});
  }
  return done(std::move(all));
}

Result<Titles> take_back(Site& site, const std::vector<Wanted>& wanted) {
  const Mark mark(site.context());
  const auto found = look(site, wanted);
  if (!found.has_value()) return found.ending();
  const Notes notes = notes_of(site.context());
  Titles left;
  for (auto one = wanted.rbegin(); one != wanted.rend(); ++one) {
    const auto row = found->find(one->title());
    if (row == found->end()) continue;
    const Holder holder = mark.holder(text_of(row->second, "_user_tags"));
    const bool ours = holder == Holder::this_run || (holder == Holder::nobody && notes.has(one->title()));
    if (!ours) continue;
    const Reply reply = site.remove(one->doctype, one->name);
    if (reply.ok() || reply.is(Remedy::absent)) continue;
    const Fault& fault = reply.fault();
    if (one->common && fault.cause == "conflict") {
      site.context().warn("stays, because others use it", {{"object", one->title()}});
      left.push_back(one->title());
      continue;
    }
    const auto instead = disabling(one->doctype);
    if (fault.remedy != Remedy::failed || !instead || (fault.cause != "conflict" && fault.cause != "invalid_input"))
      return ending_of(fault, site.concern(one->title(), "to remove it"));
    const Reply disabled = site.update(one->doctype, one->name, *instead);
    if (!disabled.ok()) return ending_of(disabled.fault(), site.concern(one->title(), "to disable it"));
    site.context().warn("disabled instead of removed, because something refers to it", {{"object", one->title()}});
    left.push_back(one->title());
  }
  return done(std::move(left));
}

Result<std::vector<Action>> foresee(Site& site, const std::vector<Wanted>& wanted) {
  const Mark mark(site.context());
  const auto found = look(site, wanted);
  if (!found.has_value()) return found.ending();
  std::vector<Action> actions;
  for (const Wanted& one : wanted) {
    const auto row = found->find(one.title());
    if (row == found->end()) {
      actions.push_back({"create", one.title(), ""});
      continue;
    }
    const Holder holder = mark.holder(text_of(row->second, "_user_tags"));
    const bool foreign = holder == Holder::another_tenant && !one.common;
    actions.push_back({"keep", one.title(), foreign ? "belongs to another tenant: the step will fail" : ""});
  }
  return done(std::move(actions));
}

Result<std::vector<Changed>> apply(Site& site, const std::vector<Setting>& settings, bool fill_only) {
  Notes notes = notes_of(site.context());
  for (const Setting& setting : settings) {
    const std::string title = setting.doctype == setting.name ? setting.doctype : setting.doctype + " " + setting.name;
    const Reply now = site.read(setting.doctype, setting.name);
    if (!now.ok()) return ending_of(now.fault(), site.concern(title, "to read it"));
    json::object change;
    for (const auto& [field, wanted] : setting.values) {
      const std::string there = text_of(now.fields(), field);
      if (there == as_text(wanted) || (fill_only && !there.empty() && there != "0")) continue;
      change[field] = wanted;
      const std::string name(field);
      const bool known = std::any_of(notes.changing.begin(), notes.changing.end(), [&](const Changed& c) {
        return c.doctype == setting.doctype && c.name == setting.name && c.field == name;
      });
      const json::value* before = now.fields().if_contains(field);
      if (!known)  // the first before-image is the true one
        notes.changing.push_back({setting.doctype, setting.name, name, before ? *before : json::value(), wanted});
    }
    if (change.empty()) continue;
    site.context().save(notes);
    const Reply put = site.update(setting.doctype, setting.name, change);
    if (!put.ok()) return ending_of(put.fault(), site.concern(title, "to change it"));
  }
  return done(std::move(notes.changing));
}

Result<std::vector<Drift>> compare(Site& site, const std::vector<Setting>& settings, bool fill_only) {
  std::vector<Drift> drift;
  for (const Setting& setting : settings) {
    const Reply now = site.read(setting.doctype, setting.name);
    if (!now.ok()) return ending_of(now.fault(), site.concern(setting.doctype, "to read it"));
    for (const auto& [field, wanted] : setting.values) {
      const std::string there = text_of(now.fields(), field);
      const bool fine = fill_only ? !there.empty() : there == as_text(wanted);
      if (!fine) drift.push_back({setting.doctype + ": " + std::string(field), as_text(wanted), there});
    }
  }
  return done(std::move(drift));
}

Result<Nothing> put_back(Site& site, const std::vector<Changed>& changes) {
  std::map<std::pair<std::string, std::string>, std::vector<Changed>> by_document;
  for (const Changed& change : changes) by_document[{change.doctype, change.name}].push_back(change);
  for (const auto& [document, fields] : by_document) {
    const Reply now = site.read(document.first, document.second);
    if (now.is(Remedy::absent)) continue;
    if (!now.ok()) return ending_of(now.fault(), site.concern(document.first, "to read it"));
    json::object before;
    for (const Changed& change : fields) {
      const std::string there = text_of(now.fields(), change.field);
      if (there == as_text(change.after) && there != as_text(change.before)) before[change.field] = change.before;
    }
    if (before.empty()) continue;
    const Reply put = site.update(document.first, document.second, before);
    if (!put.ok()) return ending_of(put.fault(), site.concern(document.first, "to put its old values back"));
  }
  return done();
}

}  // namespace tenantry::erpnext
