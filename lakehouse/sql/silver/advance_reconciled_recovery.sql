-- Notes that the ranges of recovered events were compared again up to a number.
update silver.reconciled_recoveries
set last_no = %(last)s
where last_no < %(last)s
