// JSON Schema, the part of it that the host understands, checked completely and cheaply.
//
// Understood: type, properties, required, additionalProperties, items, minItems, maxItems, enum, const, minLength,
// maxLength, pattern (pattern.hpp), minimum, maximum, default, format (format.hpp), $ref to "#/$defs/<name>", and the
// annotations title, description, examples; $schema, $id and $defs at the root; true and false as schemas below the
// root. Beside $ref only annotations and default may stand. Any other keyword is an error: nothing a schema says is
// ever ignored. Meanings are those of draft 2020-12: 5.0 is an integer, lengths count code points, a keyword for
// texts says nothing about numbers.
//
// Schemas and values may be hostile. Compiling and checking take time and memory linear in schema and value: there are
// limits on nesting, on the number of rules and choices, and on the work of all patterns of one check.
#pragma once
#include <memory>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace tenantry::schema {

namespace json = boost::json;

struct Rules;

// A compiled schema. Immutable, cheap to copy, safe to use from many threads.
class Schema {
 public:
  static constexpr std::size_t kMaxProblems = 50;

  // Error "schema.invalid": `problems` holds everything that is wrong (at most kMaxProblems), with pointers into the
  // schema. A default that its own schema refuses is wrong, too.
  [[nodiscard]] static base::Result<Schema> compile(const json::value& document);

  // Everything that is wrong with the value (at most kMaxProblems), with RFC 6901 pointers into it; empty: valid. The
  // messages say what was expected and which type or length was found; they never repeat any of the value's contents.
  [[nodiscard]] std::vector<base::Problem> check(const json::value& value) const;

  // The value, with the default of every absent member of its objects, at every level. A default is inserted as it is
  // written, and not looked into. Does not check. Error "schema.too_large" if defaults would multiply the value beyond
  // reason.
  [[nodiscard]] base::Result<json::value> with_defaults(json::value value) const;

 private:
  explicit Schema(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}

  std::shared_ptr<const Rules> rules_;
};

}  // namespace tenantry::schema
