#include <map>
#include <set>
#include <tuple>

#include "sql/arrays.hpp"
#include "tables/run_arrays.hpp"
#include "tables/run_values.hpp"
#include "tables/run_writes.hpp"

// Many changes with one statement for each table.
namespace tenantry::tables {
namespace {

using sql::assignments;
using sql::Column;
using sql::names;
using sql::Rows;
using sql::rows_of;

using Done = std::set<std::string>;  // the ids of runs
using Writes = std::vector<const RunWrite*>;

constexpr const char* kText = "text";
constexpr const char* kNumber = "bigint";

constexpr std::array<Column, 12> kHead{{{"id", kText},
                                        {"token", kNumber},
                                        {"state", kText},
                                        {"epoch", kNumber},
                                        {"stopping", kNumber},
                                        {"verifying", kNumber},
                                        {"removing", kNumber},
                                        {"condition", kText},
                                        {"events", kNumber},
                                        {"started_at", kNumber},
                                        {"completed_at", kNumber},
                                        {"owner", kNumber}}};
constexpr std::array<Column, 14> kNewHead{{{"id", kText},
                                           {"token", kNumber},
                                           {"state", kText},
                                           {"epoch", kNumber},
                                           {"stopping", kNumber},
                                           {"verifying", kNumber},
                                           {"removing", kNumber},
                                           {"condition", kText},
                                           {"events", kNumber},
                                           {"started_at", kNumber},
                                           {"completed_at", kNumber},
                                           {"owner", kNumber},
                                           {"tenant", kText},
                                           {"created_at", kNumber}}};
constexpr std::array<Column, 6> kDocument{{{"run", kText},
                                           {"manifest", kText},
                                           {"server", kText},
                                           {"request", kText},
                                           {"tenant_document", kText},
                                           {"server_document", kText}}};
// run and step say which one, id is only written with a new one; the others as in step_values().
constexpr std::array<Column, 30> kStep{{{"run", kText},
                                        {"step", kNumber},
                                        {"id", kText},
                                        {"state", kText},
                                        {"wait_reason", kText},
                                        {"due_at", kNumber},
                                        {"attempt", kNumber},
                                        {"attempts", kNumber},
                                        {"in_flight", kNumber},
                                        {"op", kText},
                                        {"check_due", kNumber},
                                        {"check_tries", kNumber},
                                        {"blame", kNumber},
                                        {"waited", kNumber},
                                        {"called_at", kNumber},
                                        {"first_started_at", kNumber},
                                        {"started_at", kNumber},
                                        {"completed_at", kNumber},
                                        {"progress", kNumber},
                                        {"message", kText},
                                        {"failure_class", kText},
                                        {"failure_code", kText},
                                        {"failure_message", kText},
                                        {"failure_action", kText},
                                        {"failure_detail", kText},
                                        {"made", kText},
                                        {"undo", kText},
                                        {"drift", kText},
                                        {"output", kText},
                                        {"checkpoint", "bytea"}}};
constexpr std::size_t kStepKey = 3;
constexpr std::array<Column, 13> kAttempt{{{"run", kText},
                                           {"step", kNumber},
                                           {"number", kNumber},
                                           {"epoch", kNumber},
                                           {"op", kText},
                                           {"outcome", kText},
                                           {"started_at", kNumber},
                                           {"ended_at", kNumber},
                                           {"failure_class", kText},
                                           {"failure_code", kText},
                                           {"failure_message", kText},
                                           {"failure_action", kText},
                                           {"failure_detail", kText}}};
constexpr std::array<Column, 7> kEvent{{{"run", kText},
                                        {"number", kNumber},
                                        {"step", kText},
                                        {"type", kText},
                                        {"data", kText},
                                        {"at", kNumber},
                                        {"shown", kText}}};
constexpr std::array<Column, 9> kOperation{{{"id", kText},
                                            {"tenant", kText},
                                            {"run", kText},
                                            {"verb", kText},
                                            {"step", kText},
                                            {"actor", kText},
                                            {"reason", kText},
                                            {"scope", kText},
                                            {"created_at", kNumber}}};

std::string insert(const std::string& table, std::span<const Column> columns) {
  return "insert into " + table + " (" + names(columns) + ") select " + names(columns) + " from " + rows_of(columns) +
         " order by position";
}

std::string_view id_of(const RunWrite& write) { return write.run->spec->id.value; }

auto head_values(const RunWrite& write, std::int64_t life) {
  const auto& head = write.run->head;
  return std::make_tuple(id_of(write), write.token, word(head.state), head.epoch, head.stopping, head.verifying,
                         head.removing, word(head.condition), head.events, head.started_at, head.completed_at,
                         owner_of(head, life));
}

class Together {
 public:
  Together(Session& db, const Dialect& dialect, std::int64_t life) : db_(db), dialect_(dialect), life_(life) {}

  // Those that were ours and active, and are as their changes say now.
  [[nodiscard]] Done update_heads(const Writes& writes) {
    Rows<kHead.size()> rows(dialect_);
    for (const auto* write : writes) rows.add(head_values(*write, life_));
    return rows.fill([&](const auto&... column) { return select(sql_.update_heads, with(column..., life_)); });
  }

  // Those whose tenants had no active run.
  [[nodiscard]] Done insert_heads(const Writes& writes) {
    Rows<kNewHead.size()> rows(dialect_);
    for (const auto* write : writes)
      rows.add(std::tuple_cat(
          head_values(*write, life_),
          std::make_tuple(std::string_view(write->run->spec->tenant.value), write->run->spec->created_at)));
    return rows.fill([&](const auto&... column) { return select(sql_.insert_heads, with(column...)); });
  }

  void insert_documents(const Writes& writes) {
    Rows<kDocument.size()> rows(dialect_);
    Done manifests;
    for (const auto* write : writes) {
      const auto& spec = *write->run->spec;
      if (manifests.insert(spec.manifest->digest).second) insert_manifest(db_, *spec.manifest);
      rows.add(std::make_tuple(id_of(*write), std::string_view(spec.manifest->digest),
                               std::string_view(spec.server.value), std::string_view(spec.request),
                               std::string_view(spec.tenant_document), std::string_view(spec.server_document)));
    }
    rows.run(db_, sql_.insert_documents);
  }

  void insert_steps(const Writes& writes) {
    Rows<kStep.size()> rows(dialect_);
    for (const auto* write : writes)
      for (std::size_t i = 0; i < write->run->steps.size(); ++i) add(rows, *write, i, write->run->steps[i]);
    rows.run(db_, sql_.insert_steps);
  }

  void update_steps(const Writes& writes) {
    Rows<kStep.size()> rows(dialect_);
    for (const auto* write : writes)
      for (const auto& [index, step] : write->change->steps) add(rows, *write, index, step);
    if (rows.run(db_, sql_.update_steps) != rows.count()) throw Unreadable("a run without one of its steps");
  }

  void insert_attempts(const Writes& writes) {
    Rows<kAttempt.size()> rows(dialect_);
    for (const auto* write : writes)
      for (const auto& attempt : write->change->attempts)
        rows.add(
            std::tuple_cat(std::make_tuple(id_of(*write), attempt.step, attempt.number, attempt.epoch, word(attempt.op),
                                           word(attempt.outcome), attempt.started_at, attempt.ended_at),
                           failure_values(attempt.failure)));
    rows.run(db_, sql_.insert_attempts);
  }

  // Their ids grow in this order.
  void insert_events(const Writes& writes) {
    Rows<kEvent.size()> rows(dialect_);
    for (const auto* write : writes)
      for (const auto& event : write->change->events)
        rows.add(std::make_tuple(id_of(*write), event.number, std::string_view(event.step),
                                 std::string_view(event.type), std::string_view(event.data), event.at,
                                 std::string_view(event.view)));
    rows.run(db_, sql_.insert_events);
  }

  void insert_operations(const Writes& writes) {
    Rows<kOperation.size()> rows(dialect_);
    Rows<1> ids(dialect_);
    for (const auto* write : writes)
      if (const auto& operation = write->change->operation) {
        rows.add(std::make_tuple(std::string_view(operation->id.value), std::string_view(operation->tenant.value),
                                 std::string_view(operation->run.value), word(operation->verb),
                                 std::string_view(operation->step), std::string_view(operation->actor),
                                 std::string_view(operation->reason), std::string_view(operation->scope),
                                 operation->created_at));
        ids.add(std::make_tuple(std::string_view(operation->id.value)));
      }
    rows.run(db_, sql_.insert_operations);
    if (ids.run(db_, sql_.delete_handed) > 0) tell_answered(db_, dialect_);
  }

 private:
  static void add(Rows<kStep.size()>& rows, const RunWrite& write, std::size_t index, const model::StepRun& step) {
    const std::string_view id = write.run->manifest().steps[index].id;
    rows.add(std::tuple_cat(std::make_tuple(id_of(write), index, id), step_values(step)));
  }
  template <class In>
  [[nodiscard]] Done select(const std::string& sql, const In& in) {
    Done done;
    db_.select<std::string>(sql.c_str(), in, [&](std::string&& id) { done.insert(std::move(id)); });
    return done;
  }

  Session& db_;
  const Dialect& dialect_;
  const std::int64_t life_;
  const ArrayStatements& sql_ = array_statements();
};

void keep_only(const Done& done, Writes& writes) {
  std::erase_if(writes, [&](const RunWrite* write) { return !done.contains(write->run->spec->id.value); });
}

}  // namespace

const ArrayStatements& array_statements() {
  static const ArrayStatements kStatements{
      // The coalesce keeps the planner from going through all active runs: of a plain comparison it knows that an owner
      // is not null.
      .update_heads = "update runs set " + assignments(std::span(kHead).subspan(2)) + " from " + rows_of(kHead) +
                      " where runs.id = x.id and runs.token = x.token and coalesce(runs.owner, 0) = "
                      "cast(:life as bigint) returning runs.id",
      // In the order of the tenants, so that two hosts do not wait for each other.
      .insert_heads = "insert into runs (" + names(kNewHead) + ") select " + names(kNewHead) + " from " +
                      rows_of(kNewHead) + " order by tenant, position on conflict do nothing returning id",
      .insert_documents = insert("run_documents", kDocument),
      .insert_steps = insert("steps", kStep),
      .update_steps = "update steps set " + assignments(std::span(kStep).subspan(kStepKey)) + " from " +
                      rows_of(kStep) + " where steps.run = x.run and steps.step = x.step",
      .insert_attempts = insert("attempts", kAttempt),
      .insert_events = insert("events", kEvent),
      .insert_operations = insert("operations", kOperation),
      .delete_handed =
          "delete from handed_commands where id in (select id from " + rows_of(std::span(kOperation).first(1)) + ")",
  };
  return kStatements;
}

std::vector<Written> write_together(Session& db, const Dialect& dialect, std::span<const RunWrite> writes,
                                    std::int64_t life) {
  // A run with several changes needs them one after the other.
  std::map<std::string_view, int> changes;
  for (const auto& write : writes) ++changes[id_of(write)];
  Writes fresh;
  Writes going;
  for (const auto& write : writes)
    if (!write.change->repin && !model::is_removed(write.run->head) && changes[id_of(write)] == 1)
      (write.create ? fresh : going).push_back(&write);
  Together together(db, dialect, life);
  Done done;
  if (fresh.size() > 1) {
    done = together.insert_heads(fresh);
    keep_only(done, fresh);
    together.insert_documents(fresh);
    together.insert_steps(fresh);
  } else {
    fresh.clear();
  }
  if (going.size() > 1) {
    done.merge(together.update_heads(going));
    keep_only(done, going);
    together.update_steps(going);
    fresh.insert(fresh.end(), going.begin(), going.end());
  }
  together.insert_attempts(fresh);
  together.insert_events(fresh);
  together.insert_operations(fresh);
  std::vector<Written> answers;
  answers.reserve(writes.size());
  for (const auto& write : writes)
    answers.push_back(done.contains(write.run->spec->id.value) ? Written::kDone : write_one(db, dialect, write, life));
  return answers;
}

}  // namespace tenantry::tables
