// What the kit needs to know to let an engine act: settings, documents, secrets, and where to see what it did. A JSON
// file of the form schemas/engine-fixture.schema.json; unknown members are refused.
//
// Every text in it may hold ${tenant}, ${folder} and ${NAME}. ${tenant} is another name each time the kit needs a
// tenant that nobody has seen before ([a-z][a-z0-9]*, at most 16 characters); ${folder} is an empty folder of each
// check, which is removed after it; NAME is a variable of the environment, for addresses and passwords of a sandbox.
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "model/failure.hpp"
#include "stage/rehearsal.hpp"
#include "stage/world.hpp"

namespace tenantry::kit {

namespace json = base::json;

// What a person knows about the answer of a step; empty outcomes are "as usual".
struct Expected {
  std::vector<model::Outcome> outcomes;
  std::optional<json::value> output;  // members the output must have

  [[nodiscard]] bool allows(model::Outcome outcome) const;
};

struct ExpectedOfStep {
  Expected run;             // the first run
  Expected again;           // another run of a finished tenant
  Expected after_undo;      // VERIFY when the run was undone
  bool takes_over = false;  // an earlier step may have made what this one would, and its UNDO takes that back
};

// The fixture for one tenant, everything filled in.
struct Scene {
  stage::Documents documents;
  std::vector<json::value> bad_requests;
  std::map<std::string, std::string> secrets;
  std::map<std::string, ExpectedOfStep> steps;
  std::vector<stage::Place> snapshot;  // must not change where nothing may change
  std::vector<stage::Place> result;    // what a tenant comes to, however often the way there was interrupted
};

class Fixture {
 public:
  // Errors "fixture.unreadable" and "fixture.invalid", with pointers.
  [[nodiscard]] static base::Result<Fixture> read(const std::filesystem::path& file);
  [[nodiscard]] static base::Result<Fixture> parse(std::string_view text);

  [[nodiscard]] const std::string& engine() const { return engine_; }  // "": any
  // UNDO cannot restore everything.
  [[nodiscard]] bool leaves_behind() const { return leaves_behind_; }

  // What an engine is opened with. Errors "fixture.invalid" if a text names what is not there.
  [[nodiscard]] base::Result<json::value> settings(const std::string& folder) const;
  // Variables of the environment the engine finds.
  [[nodiscard]] base::Result<std::map<std::string, std::string>> environment(const std::string& folder) const;
  [[nodiscard]] base::Result<Scene> scene(const std::string& folder, const std::string& tenant) const;

 private:
  json::object document_;
  std::string engine_;
  bool leaves_behind_ = false;
};

// A small value that the schema accepts, made of its defaults, enums and examples; nullopt if none was found.
[[nodiscard]] std::optional<json::value> example_of(const json::value& schema);

// Every member of `part` is in `whole` with the same value; lists are of the same length.
[[nodiscard]] bool contains(const json::value& whole, const json::value& part);

}  // namespace tenantry::kit
