// What a step wants to be true of a site, and the one way of making, checking and taking it back: look first, write
// down what is about to be made, make it under an explicit name, mark it as ours. A crash between any two of these is
// resolved by the next attempt.
#pragma once
#include <string>
#include <vector>

#include "site.hpp"

namespace tenantry::erpnext {

// One document.
struct Wanted {
  std::string doctype;
  std::string name;
  json::object fields;     // what to create it with
  json::object same = {};  // what one that is already there must have to count as the same
  // Common property of the site, such as a unit of measure: any that is there will do, whoever made it.
  bool common = false;

  [[nodiscard]] std::string title() const { return doctype + " " + name; }
};

// One change of an existing document or of a single.
struct Changed {
  std::string doctype, name, field;
  json::value before, after;
};
BOOST_DESCRIBE_STRUCT(Changed, (), (doctype, name, field, before, after))

// A step's checkpoint. Saved before the thing is done: what is found later without a mark, but is written down here, is
// ours.
struct Notes {
  int version = 1;
  std::vector<std::string> creating;  // titles
  std::vector<Changed> changing;
  std::vector<std::string> rows;  // modes of payment that get an account of our company
  std::string wizard_company;     // the setup wizard was called for it
  bool site_creating = false;     // bench new-site was called
  bool site_created = false;      // and made the site

  [[nodiscard]] bool has(const std::string& title) const;
};
BOOST_DESCRIBE_STRUCT(Notes, (), (version, creating, changing, rows, wizard_company, site_creating, site_created))

[[nodiscard]] Notes notes_of(const Context& context);

// Titles of what this run made, the wanted ones only.
using Titles = std::vector<std::string>;

// Makes what is missing, in order. What is there already stays as it is; it has to be ours, or common, or (on an own
// site) the same. Answers with what this run made, in this attempt or an earlier one.
struct EnsureOptions {
  bool adopt = true;  // documents nobody marked may be taken as they are
};
[[nodiscard]] Result<Titles> ensure(Site& site, const std::vector<Wanted>& wanted, const EnsureOptions& options);

// How the world differs, and what of it this run made. A document that an attempt was about to make and died before it
// was marked counts as a difference: RUN knows how to go on from there.
struct Survey {
  std::vector<Drift> drift;
  Titles made;
};
[[nodiscard]] Result<Survey> survey(Site& site, const std::vector<Wanted>& wanted);

// Removes, in reverse, what carries this run's mark (or was about to get it), and disables what cannot be removed.
// Answers with the titles that stay behind disabled.
[[nodiscard]] Result<Titles> take_back(Site& site, const std::vector<Wanted>& wanted);

// What ensure() would do.
[[nodiscard]] Result<std::vector<Action>> foresee(Site& site, const std::vector<Wanted>& wanted);

// Fields of one document that is always there.
struct Setting {
  std::string doctype, name;
  json::object values;
};

// Sets what differs; with `fill_only`, only what is empty. Answers with every change of this run, before-images
// included.
[[nodiscard]] Result<std::vector<Changed>> apply(Site& site, const std::vector<Setting>& settings, bool fill_only);
[[nodiscard]] Result<std::vector<Drift>> compare(Site& site, const std::vector<Setting>& settings, bool fill_only);
// Puts the before-images back where our value is still there.
[[nodiscard]] Result<Nothing> put_back(Site& site, const std::vector<Changed>& changes);

}  // namespace tenantry::erpnext
