// Writing the changes of runs. For runs.cpp.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "tables/names.hpp"

namespace tenantry::tables {

// A statement for each row.
[[nodiscard]] Written write_one(Session& db, const Dialect& dialect, const RunWrite& write, std::int64_t life);

// The same for all of them with a few statements in all, where each statement is a journey to the database and back.
[[nodiscard]] std::vector<Written> write_together(Session& db, const Dialect& dialect, std::span<const RunWrite> writes,
                                                  std::int64_t life);

// The parts that both share.
void insert_manifest(Session& db, const model::Manifest& manifest);
void insert_operation(Session& db, const Dialect& dialect, const model::Operation& operation);
// An operation was asked for at another host, which waits for it.
void tell_answered(Session& db, const Dialect& dialect);

}  // namespace tenantry::tables
