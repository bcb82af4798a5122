#include <array>
#include <map>
#include <set>
#include <tuple>

#include "store/run_values.hpp"
#include "store/run_writes.hpp"

// Many changes with one statement for each table: its rows travel as one array for each column.
namespace tenantry::store {
namespace {

// An array as PostgreSQL reads it.
class Array {
 public:
  template <class Value>
  void add(const Value& value, const Dialect& dialect) {
    out_ += out_.size() > 1 ? "," : "";
    if constexpr (std::is_same_v<Value, BytesView>)
      value.bytes != nullptr ? append(std::string_view(dialect.pack(*value.bytes))) : append_null();
    else if constexpr (std::is_integral_v<Value>)
      out_ += std::to_string(static_cast<std::int64_t>(value));
    else
      append(value);
  }
  [[nodiscard]] std::string text() const { return out_ + "}"; }

 private:
  void append(base::Time time) { out_ += std::to_string(base::to_millis(time)); }
  void append(base::Millis duration) { out_ += std::to_string(duration.count()); }
  void append(std::optional<std::int64_t> number) { out_ += number ? std::to_string(*number) : "null"; }
  void append(const model::SharedText& text) { text ? append(std::string_view(*text)) : append_null(); }
  void append_null() { out_ += "null"; }
  void append(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) throw std::invalid_argument("a text with a NUL");
    out_ += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') out_ += '\\';
      out_ += c;
    }
    out_ += '"';
  }

  std::string out_ = "{";
};

template <std::size_t columns>
class Rows {
 public:
  explicit Rows(const Dialect& dialect) : dialect_(dialect) {}

  template <class... Value>
  void add(const std::tuple<Value...>& row) {
    static_assert(sizeof...(Value) == columns);
    std::apply([&](const auto&... value) { (columns_[next_++].add(value, dialect_), ...); }, row);
    next_ = 0;
    ++count_;
  }
  [[nodiscard]] long long count() const { return count_; }
  // statement(texts...) with the array of each column.
  template <class Statement>
  decltype(auto) fill(Statement&& statement) const {
    return std::apply([&](const auto&... column) { return statement(column.text()...); }, columns_);
  }

 private:
  const Dialect& dialect_;
  std::array<Array, columns> columns_;
  std::size_t next_ = 0;
  long long count_ = 0;
};

class Together {
 public:
  Together(Session& db, const Dialect& dialect) : db_(db), dialect_(dialect) {}

  // The ids of the runs that were ours and active, and are as their changes say now. The coalesce keeps the planner
  // from going through all active runs: of a plain comparison it knows that an owner is not null.
  [[nodiscard]] std::set<std::string> update_heads(std::span<const RunWrite* const> writes, std::int64_t life) {
    Rows<12> rows(dialect_);
    for (const auto* write : writes) {
      const auto& head = write->run->head;
      rows.add(std::make_tuple(std::string_view(write->run->spec->id.value), write->token, word(head.state), head.epoch,
                               head.stopping, head.verifying, head.removing, word(head.condition), head.events,
                               head.started_at, head.completed_at, owner_of(head, life)));
    }
    std::set<std::string> done;
    rows.fill([&](const auto&... column) {
      db_.select<std::string>(
          R"sql(update runs
                set state = x.state, epoch = x.epoch, stopping = x.stopping, verifying = x.verifying,
                    removing = x.removing, condition = x.condition, events = x.events, started_at = x.started_at,
                    completed_at = x.completed_at, owner = x.owner
                from unnest(cast(:id as text[]), cast(:token as bigint[]), cast(:state as text[]),
                            cast(:epoch as bigint[]), cast(:stopping as bigint[]), cast(:verifying as bigint[]),
                            cast(:removing as bigint[]), cast(:condition as text[]), cast(:events as bigint[]),
                            cast(:started_at as bigint[]), cast(:completed_at as bigint[]), cast(:owner as bigint[]))
                  as x (id, token, state, epoch, stopping, verifying, removing, condition, events, started_at,
                        completed_at, owner)
                where runs.id = x.id and runs.token = x.token and coalesce(runs.owner, 0) = cast(:life as bigint)
                returning runs.id)sql",
          with(column..., life), [&](std::string&& id) { done.insert(std::move(id)); });
    });
    return done;
  }

  void write(std::span<const RunWrite* const> writes) {
    update_steps(writes);
    insert_attempts(writes);
    insert_events(writes);
    for (const auto* write : writes)
      if (write->change->operation) insert_operation(db_, dialect_, *write->change->operation);
  }

 private:
  void update_steps(std::span<const RunWrite* const> writes) {
    Rows<29> rows(dialect_);
    for (const auto* write : writes)
      for (const auto& [index, step] : write->change->steps)
        rows.add(
            std::tuple_cat(std::make_tuple(std::string_view(write->run->spec->id.value), index), step_values(step)));
    if (rows.count() == 0) return;
    const auto changed = rows.fill([&](const auto&... column) {
      return db_.run(R"sql(update steps
                           set state = x.state, wait_reason = x.wait_reason, due_at = x.due_at, attempt = x.attempt,
                               attempts = x.attempts, in_flight = x.in_flight, op = x.op, check_due = x.check_due,
                               check_tries = x.check_tries, blame = x.blame, waited = x.waited,
                               called_at = x.called_at, first_started_at = x.first_started_at,
                               started_at = x.started_at, completed_at = x.completed_at, progress = x.progress,
                               message = x.message, failure_class = x.failure_class, failure_code = x.failure_code,
                               failure_message = x.failure_message, failure_action = x.failure_action,
                               failure_detail = x.failure_detail, made = x.made, undo = x.undo, drift = x.drift,
                               output = x.output, checkpoint = to_bytes(x.checkpoint)
                           from unnest(cast(:run as text[]), cast(:step as bigint[]), cast(:state as text[]),
                                       cast(:wait_reason as text[]), cast(:due_at as bigint[]),
                                       cast(:attempt as bigint[]), cast(:attempts as bigint[]),
                                       cast(:in_flight as bigint[]), cast(:op as text[]),
                                       cast(:check_due as bigint[]), cast(:check_tries as bigint[]),
                                       cast(:blame as bigint[]), cast(:waited as bigint[]),
                                       cast(:called_at as bigint[]), cast(:first_started_at as bigint[]),
                                       cast(:started_at as bigint[]), cast(:completed_at as bigint[]),
                                       cast(:progress as bigint[]), cast(:message as text[]),
                                       cast(:failure_class as text[]), cast(:failure_code as text[]),
                                       cast(:failure_message as text[]), cast(:failure_action as text[]),
                                       cast(:failure_detail as text[]), cast(:made as text[]), cast(:undo as text[]),
                                       cast(:drift as text[]), cast(:output as text[]), cast(:checkpoint as text[]))
                             as x (run, step, state, wait_reason, due_at, attempt, attempts, in_flight, op, check_due,
                                   check_tries, blame, waited, called_at, first_started_at, started_at, completed_at,
                                   progress, message, failure_class, failure_code, failure_message, failure_action,
                                   failure_detail, made, undo, drift, output, checkpoint)
                           where steps.run = x.run and steps.step = x.step)sql",
                     column...);
    });
    if (changed != rows.count()) throw Unreadable("a run without one of its steps");
  }

  void insert_attempts(std::span<const RunWrite* const> writes) {
    Rows<13> rows(dialect_);
    for (const auto* write : writes)
      for (const auto& attempt : write->change->attempts)
        rows.add(std::tuple_cat(
            std::make_tuple(std::string_view(write->run->spec->id.value), attempt.step, attempt.number, attempt.epoch,
                            word(attempt.op), word(attempt.outcome), attempt.started_at, attempt.ended_at),
            failure_values(attempt.failure)));
    if (rows.count() == 0) return;
    rows.fill([&](const auto&... column) {
      return db_.run(R"sql(insert into attempts (run, step, number, epoch, op, outcome, started_at, ended_at,
                                                 failure_class, failure_code, failure_message, failure_action,
                                                 failure_detail)
                           select * from unnest(cast(:run as text[]), cast(:step as bigint[]),
                                                cast(:number as bigint[]), cast(:epoch as bigint[]),
                                                cast(:op as text[]), cast(:outcome as text[]),
                                                cast(:started_at as bigint[]), cast(:ended_at as bigint[]),
                                                cast(:failure_class as text[]), cast(:failure_code as text[]),
                                                cast(:failure_message as text[]), cast(:failure_action as text[]),
                                                cast(:failure_detail as text[])))sql",
                     column...);
    });
  }

  // Their ids grow in this order.
  void insert_events(std::span<const RunWrite* const> writes) {
    Rows<7> rows(dialect_);
    for (const auto* write : writes)
      for (const auto& event : write->change->events)
        rows.add(std::make_tuple(std::string_view(write->run->spec->id.value), event.number,
                                 std::string_view(event.step), std::string_view(event.type),
                                 std::string_view(event.data), event.at, std::string_view(event.view)));
    if (rows.count() == 0) return;
    rows.fill([&](const auto&... column) {
      return db_.run(R"sql(insert into events (run, number, step, type, data, at, shown)
                           select run, number, step, type, data, at, shown
                           from unnest(cast(:run as text[]), cast(:number as bigint[]), cast(:step as text[]),
                                       cast(:type as text[]), cast(:data as text[]), cast(:at as bigint[]),
                                       cast(:shown as text[])) with ordinality
                             as x (run, number, step, type, data, at, shown, position)
                           order by position)sql",
                     column...);
    });
  }

  Session& db_;
  const Dialect& dialect_;
};

}  // namespace

std::vector<Written> write_together(Session& db, const Dialect& dialect, std::span<const RunWrite> writes,
                                    std::int64_t life) {
  // A run with several changes needs them one after the other.
  std::map<std::string_view, int> changes;
  for (const auto& write : writes) ++changes[write.run->spec->id.value];
  std::vector<const RunWrite*> plain;
  for (const auto& write : writes)
    if (!write.create && !write.change->repin && !model::is_removed(write.run->head) &&
        changes[write.run->spec->id.value] == 1)
      plain.push_back(&write);
  std::set<std::string> done;
  if (plain.size() > 1) {
    Together together(db, dialect);
    done = together.update_heads(plain, life);
    std::erase_if(plain, [&](const RunWrite* write) { return !done.contains(write->run->spec->id.value); });
    together.write(plain);
  }
  std::vector<Written> answers;
  answers.reserve(writes.size());
  for (const auto& write : writes)
    answers.push_back(done.contains(write.run->spec->id.value) ? Written::kDone : write_one(db, dialect, write, life));
  return answers;
}

}  // namespace tenantry::store
