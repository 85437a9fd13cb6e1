-- What each table and column of silver means, as `lakehouse.descriptions` and the contract say it;
-- a test compares the two. A text that changes there is changed by a new migration.

comment on table silver.decisions is
'One row per decided event; each event_id once.';
comment on column silver.decisions.event_id is 'The producer''s id; else the application''s.';
comment on column silver.decisions.application_id is 'Which loan application.';
comment on column silver.decisions.topic is 'Topic or file the event came from.';
comment on column silver.decisions.part is 'Partition of the topic; 0 for a file.';
comment on column silver.decisions.off is 'Offset in the partition; the line number in a file.';
comment on column silver.decisions.event_at is 'When the event happened. Unit: UTC.';
comment on column silver.decisions.applied_on is
'Application date: the issue date if given, else event_at''s.';
comment on column silver.decisions.decided_at is 'When the decision was made. Unit: UTC.';
comment on column silver.decisions.amount_usd is 'Amount asked for. Unit: USD.';
comment on column silver.decisions.term_months is 'Term of the loan. Unit: months.';
comment on column silver.decisions.rate_pct is
'Interest rate a year, set by the lender. Unit: percent.';
comment on column silver.decisions.installment_usd is
'Monthly payment, set by the lender. Unit: USD.';
comment on column silver.decisions.income_usd is
'Yearly income; both applicants'' where the policy says. Unit: USD.';
comment on column silver.decisions.dti_pct is
'Debt payments to income; both applicants'' likewise. Unit: percent.';
comment on column silver.decisions.utilisation_pct is
'Revolving credit used of the limit. Unit: percent.';
comment on column silver.decisions.delinquencies_2y is
'Delinquencies over 30 days in two years. Unit: count.';
comment on column silver.decisions.inquiries_6m is 'Credit inquiries in six months. Unit: count.';
comment on column silver.decisions.open_accounts is 'Open credit lines. Unit: count.';
comment on column silver.decisions.total_accounts is 'Credit lines ever opened. Unit: count.';
comment on column silver.decisions.employment_years is
'Years employed: 0 is under one, 10 is ten or more. Unit: years.';
comment on column silver.decisions.credit_age_years is
'From the first credit line to applied_on. Unit: years.';
comment on column silver.decisions.fico is
'FICO score at application: middle of its range. Unit: points.';
comment on column silver.decisions.purpose is
'What the loan is for, in the applicant''s choice of words.';
comment on column silver.decisions.purpose_group is
'Group of the purpose; null if the purpose is unknown.';
comment on column silver.decisions.home_ownership is 'RENT, OWN, MORTGAGE, ...';
comment on column silver.decisions.state is 'State of residence, two letters.';
comment on column silver.decisions.region is
'US census region of the state; null if the state is unknown.';
comment on column silver.decisions.is_joint is 'Whether two people apply together.';
comment on column silver.decisions.dti_band is 'Low, Moderate, High, Very High, or Missing.';
comment on column silver.decisions.util_band is 'Low, Moderate, High, Very High, or Missing.';
comment on column silver.decisions.rate_band is 'Low, Moderate, High, Very High, or Missing.';
comment on column silver.decisions.early_warning_flag is
'Whether the policy''s early-warning rule holds.';
comment on column silver.decisions.tier is 'Low, Elevated or Watchlist.';
comment on column silver.decisions.reasons is 'Reason codes in the policy''s order, joined by `|`.';
comment on column silver.decisions.pd is 'Probability of default, 0 to 1. Unit: probability.';
comment on column silver.decisions.points is 'Scorecard points; higher is safer. Unit: points.';
comment on column silver.decisions.model_version is 'Version of the model that gave pd and points.';
comment on column silver.decisions.model_sha256 is 'Checksum of that model''s document.';
comment on column silver.decisions.policy_version is
'Version of the policy that gave bands, tier and reasons.';
comment on column silver.decisions.contract_version is 'Version of this contract.';
comment on column silver.decisions.reference_version is 'Version of the reference tables joined.';
comment on column silver.decisions.issues is
'What cleaning noticed, `column:what` joined by `|`; empty if nothing.';
comment on column silver.decisions.content_hash is
'Hash of the application''s content, ids and instants aside.';
comment on column silver.decisions.model_reasons is
'Why the model rates an Elevated or Watchlist application as it does: codes joined by `|`, the '
'weightiest first; null for Low.';
comment on column silver.decisions.challengers is
'PD of each challenger by its version, as a JSON object; null if there were none.';
comment on column silver.decisions.public_records is 'Derogatory public records. Unit: count.';
comment on column silver.decisions.missing_inputs is
'The model''s features that had no value, joined by `|`; empty if all had one, null where that '
'was not kept.';

comment on table silver.quarantine is
'One row per event that could not be read or trusted.';
comment on column silver.quarantine.topic is 'Topic that the event was read from.';
comment on column silver.quarantine.part is 'Partition of the topic.';
comment on column silver.quarantine.off is 'Offset of the event in its partition.';
comment on column silver.quarantine.stage is
'Where the event was refused: decode, contract, decide or store.';
comment on column silver.quarantine.code is 'Why it was refused: a stable code of the contract.';
comment on column silver.quarantine.reason is 'Why it was refused, in words; no applicant''s data.';
comment on column silver.quarantine.raw_size is 'How many bytes the event had.';
comment on column silver.quarantine.raw_sha256 is
'SHA-256 of all of its bytes, as hexadecimal digits.';
comment on column silver.quarantine.raw is
'Its bytes, the first 64 KiB; null for a tombstone and after an erasure.';
comment on column silver.quarantine.first_seen_at is 'When it was read first, UTC.';

comment on table silver.duplicates is
'One row per event whose id was decided before; the first decision stands.';
comment on column silver.duplicates.topic is 'Topic that the event was read from.';
comment on column silver.duplicates.part is 'Partition of the topic.';
comment on column silver.duplicates.off is 'Offset of the event in its partition.';
comment on column silver.duplicates.event_id is 'Id of an event that was decided before.';
comment on column silver.duplicates.is_conflict is
'Whether its content differs from that of the decided one.';
comment on column silver.duplicates.first_topic is 'Topic of the event that was decided.';
comment on column silver.duplicates.first_part is 'Partition of the event that was decided.';
comment on column silver.duplicates.first_off is 'Offset of the event that was decided.';
comment on column silver.duplicates.seen_at is 'When the repetition was read, UTC.';

comment on table silver.recoveries is
'One row per event that was refused and decided after all.';
comment on column silver.recoveries.recovery_no is
'Number of the recovery, in the order of commits.';
comment on column silver.recoveries.topic is 'Topic that the event was read from.';
comment on column silver.recoveries.part is 'Partition of the topic.';
comment on column silver.recoveries.off is 'Offset of the event in its partition.';
comment on column silver.recoveries.outcome is 'What it became: decided or duplicate.';
comment on column silver.recoveries.code is 'Code with which it had been refused.';
comment on column silver.recoveries.recovered_at is 'When it was decided after all, UTC.';
comment on column silver.recoveries.recovered_by is 'Who replayed it.';

comment on table silver.progress is
'How far each flow has stored each partition, and what it read there.';
comment on column silver.progress.pipeline is 'Name of the flow.';
comment on column silver.progress.topic is 'Topic that it reads.';
comment on column silver.progress.part is 'Partition of the topic.';
comment on column silver.progress.start_off is 'Offset at which the flow began.';
comment on column silver.progress.next_off is
'Offset that is to be read next; all before it is stored.';
comment on column silver.progress.read_count is
'Events read: decided, duplicate and quarantined ones together.';
comment on column silver.progress.decided_count is 'Events decided.';
comment on column silver.progress.duplicate_count is
'Events whose id was decided before, conflicts among them.';
comment on column silver.progress.conflict_count is
'Duplicates whose content differs from the decided event''s.';
comment on column silver.progress.quarantined_count is 'Events refused.';
comment on column silver.progress.stored_at is 'When the last batch was stored.';
comment on column silver.progress.topic_id is
'The broker''s id of the topic; null where the source has none.';
comment on column silver.progress.recovered_count is
'Events that left the quarantine; they count as what they became.';

comment on table silver.owner is
'Who may write for each flow.';
comment on column silver.owner.pipeline is 'Name of the flow.';
comment on column silver.owner.token is
'Rises with each start; who holds an older one may not write.';
comment on column silver.owner.claimed_at is 'When the flow was claimed.';

comment on table silver.position_losses is
'Offsets that a start skipped, and who allowed it.';
comment on column silver.position_losses.pipeline is 'Name of the flow.';
comment on column silver.position_losses.topic is 'Topic whose events are lost.';
comment on column silver.position_losses.part is 'Partition of the topic.';
comment on column silver.position_losses.from_off is 'First offset that is lost.';
comment on column silver.position_losses.to_off is 'Offset after the last that is lost.';
comment on column silver.position_losses.reason is 'Why a person let the flow go on without them.';
comment on column silver.position_losses.allowed_at is 'When that was.';
comment on column silver.position_losses.store is
'What lacks them: silver, or the archive of bytes in gold.';

comment on table silver.reference_sets is
'Sets of reference tables; a set never changes.';
comment on column silver.reference_sets.version is
'Hash of the tables'' content; stands on every decision joined to them.';
comment on column silver.reference_sets.tables is 'The reference tables, by name.';
comment on column silver.reference_sets.stored_at is 'When the set was stored.';

comment on table silver.reference_in_force is
'The one set that new decisions are joined to.';
comment on column silver.reference_in_force.is_only is 'True: there is one row.';
comment on column silver.reference_in_force.version is 'The set that new decisions are joined to.';
comment on column silver.reference_in_force.since is 'When it came into force.';

comment on table silver.api_keys is
'Keys of the API, as keyed hashes; they are never deleted.';
comment on column silver.api_keys.prefix is
'Public part of the key, which names it in the audit log.';
comment on column silver.api_keys.digest is 'Keyed hash of the secret part.';
comment on column silver.api_keys.name is 'Whose key it is.';
comment on column silver.api_keys.scopes is 'What it allows.';
comment on column silver.api_keys.rate_per_second is
'Requests a second that it may send on average.';
comment on column silver.api_keys.burst is 'Requests that it may send at once.';
comment on column silver.api_keys.created_at is 'When it was made.';
comment on column silver.api_keys.created_by is 'Who made it.';
comment on column silver.api_keys.expires_at is 'When it ends; null: never.';
comment on column silver.api_keys.revoked_at is 'When it was revoked; null: it was not.';
comment on column silver.api_keys.revoked_by is 'Who revoked it.';

comment on table silver.audit_log is
'One row per deed, chained by hashes; insert-only.';
comment on column silver.audit_log.seq is 'Number of the entry, from 1 on without holes.';
comment on column silver.audit_log.entry_id is 'Id of the entry; it is stored once.';
comment on column silver.audit_log.at is 'When it happened.';
comment on column silver.audit_log.actor is 'Who did it.';
comment on column silver.audit_log.action is 'What was done.';
comment on column silver.audit_log.subject is 'To what.';
comment on column silver.audit_log.details is 'More, as the very JSON text that was hashed.';
comment on column silver.audit_log.prev_hash is 'Hash of the entry before.';
comment on column silver.audit_log.hash is
'SHA-256 of the previous hash and this entry''s canonical text.';

comment on table silver.idempotency_keys is
'What was answered under each idempotency key, for a day.';
comment on column silver.idempotency_keys.owner is 'Prefix of the API key that asked.';
comment on column silver.idempotency_keys.key is 'The caller''s key for one request.';
comment on column silver.idempotency_keys.body_sha256 is
'SHA-256 of the request''s body: another body is refused.';
comment on column silver.idempotency_keys.claimed_at is 'When it was asked first.';
comment on column silver.idempotency_keys.held_until is 'Until when the attempt holds the key.';
comment on column silver.idempotency_keys.answer is 'The first answer; null while it is under way.';

comment on table silver.recovery_head is
'The last number that a recovery was given.';
comment on column silver.recovery_head.is_only is 'True: there is one row.';
comment on column silver.recovery_head.last_no is 'The last number that a recovery was given.';

comment on table silver.reconciled is
'How far gold was compared with silver.';
comment on column silver.reconciled.pipeline is 'Name of the flow.';
comment on column silver.reconciled.topic is 'Topic that it reads.';
comment on column silver.reconciled.part is 'Partition of the topic.';
comment on column silver.reconciled.next_off is 'Offset below which gold was compared with silver.';
comment on column silver.reconciled.accounted_count is
'Events below that ended as decided, duplicate or quarantined.';
comment on column silver.reconciled.checked_at is 'When they were compared last.';

comment on table silver.reconciled_recoveries is
'Up to which recovery gold was compared with silver again.';
comment on column silver.reconciled_recoveries.is_only is 'True: there is one row.';
comment on column silver.reconciled_recoveries.last_no is
'Recovery up to which the ranges of recovered events were compared again.';

comment on table silver.gold_differences is
'Ranges of offsets in which gold differs from silver.';
comment on column silver.gold_differences.pipeline is 'Name of the flow.';
comment on column silver.gold_differences.topic is 'Topic that it reads.';
comment on column silver.gold_differences.part is 'Partition of the topic.';
comment on column silver.gold_differences.table_name is 'Table of gold that differs.';
comment on column silver.gold_differences.from_off is 'First offset of the range.';
comment on column silver.gold_differences.to_off is 'Offset after the range.';
comment on column silver.gold_differences.missing_count is 'Rows that gold lacks.';
comment on column silver.gold_differences.surplus_count is 'Rows that gold has and silver has not.';
comment on column silver.gold_differences.altered_count is 'Rows that differ.';
comment on column silver.gold_differences.offs is 'The first offsets that differ.';
comment on column silver.gold_differences.found_at is 'When the difference was found.';
comment on column silver.gold_differences.resolved_at is
'When it was gone; null while it is there.';

comment on table silver.job_runs is
'What jobs did.';
comment on column silver.job_runs.job is 'Which job.';
comment on column silver.job_runs.began_at is 'When it began.';
comment on column silver.job_runs.ended_at is 'When it ended; null while it runs.';
comment on column silver.job_runs.outcome is 'How it went: running, ok or failed.';
comment on column silver.job_runs.cause is 'The error''s code, of a run that failed.';
comment on column silver.job_runs.figures is 'What it measured of itself.';

comment on table silver.alerts is
'Alerts that Alertmanager sent.';
comment on column silver.alerts.fingerprint is 'Alertmanager''s fingerprint of the labels.';
comment on column silver.alerts.began_at is 'When the alert began.';
comment on column silver.alerts.ended_at is 'When it ended; null while it fires.';
comment on column silver.alerts.name is 'Name of the alert.';
comment on column silver.alerts.severity is 'How severe it is.';
comment on column silver.alerts.labels is 'Its labels.';
comment on column silver.alerts.annotations is 'Its summary, description and runbook.';
comment on column silver.alerts.received_at is 'When it was received last.';

comment on table silver.dispositions is
'What people decided about applications; insert-only.';
comment on column silver.dispositions.disposition_id is
'Number of the disposition; of an application the latest stands.';
comment on column silver.dispositions.application_id is 'Which application.';
comment on column silver.dispositions.event_id is 'Event whose decision was looked at.';
comment on column silver.dispositions.tier is 'Tier of that decision.';
comment on column silver.dispositions.disposition is
'What a person decided: approve, decline or refer.';
comment on column silver.dispositions.reason is 'Why.';
comment on column silver.dispositions.note is 'What else there is to say; may be empty.';
comment on column silver.dispositions.expires_on is
'First day on which it stands no more; null: it stands.';
comment on column silver.dispositions.decided_by is 'Who decided.';
comment on column silver.dispositions.decided_at is 'When.';

comment on table silver.ui_accounts is
'Accounts of the pages.';
comment on column silver.ui_accounts.name is 'Name to sign in with.';
comment on column silver.ui_accounts.password_hash is
'Argon2id''s text of the password, its salt in it.';
comment on column silver.ui_accounts.role is 'What the account may do: viewer, analyst or admin.';
comment on column silver.ui_accounts.created_at is 'When it was made.';
comment on column silver.ui_accounts.created_by is 'Who made it.';
comment on column silver.ui_accounts.disabled_at is 'When it was disabled; null: it is live.';
comment on column silver.ui_accounts.sessions_from is
'Sessions that began before this instant are over.';

comment on table silver.erasures is
'What was erased at an applicant''s request.';
comment on column silver.erasures.erasure_id is 'Id of the erasure.';
comment on column silver.erasures.erased_at is 'When it was done in silver.';
comment on column silver.erasures.reason is 'Why: the request that it answers.';
comment on column silver.erasures.salt is 'Salt of the hashes.';
comment on column silver.erasures.id_hashes is
'Salted hashes of the ids that were erased, slow to compute.';
comment on column silver.erasures.topics is 'Topics of the events that were erased.';
comment on column silver.erasures.parts is 'Their partitions, in the same order.';
comment on column silver.erasures.offs is 'Their offsets, in the same order.';
comment on column silver.erasures.completed_at is 'When gold had followed; null until then.';

comment on table silver.migrations is
'Which migrations of this schema ran.';
comment on column silver.migrations.number is 'Number of the migration.';
comment on column silver.migrations.name is 'Name of its file.';
comment on column silver.migrations.sha256 is 'SHA-256 of its text, as hexadecimal digits.';
comment on column silver.migrations.applied_at is 'When it ran.';
