-- The indexes of the Personal Assistant (TDA-25). They are built after `alembic upgrade head` as the owner, while the old
-- version serves: concurrently, so outside a transaction, and as often as it likes.

-- A build that failed leaves an index that costs at every write and is never read: it goes, and is built again below.
select format('drop index concurrently %s', index.indexrelid::regclass)
from pg_index as index
  join pg_class on pg_class.oid = index.indexrelid
where not index.indisvalid
  and pg_class.relnamespace = current_schema::regnamespace
  and pg_class.relname in (
    'idx_users_email',
    'idx_users_phone',
    'idx_conversations_user_id',
    'idx_messages_conversation_id',
    'idx_messages_timestamp'
  )
\gexec

create index concurrently if not exists idx_users_email on users (email);
create index concurrently if not exists idx_users_phone on users (phone_number);
create index concurrently if not exists idx_conversations_user_id on conversation_states (user_id);
create index concurrently if not exists idx_messages_conversation_id on conversation_messages (conversation_id);
create index concurrently if not exists idx_messages_timestamp on conversation_messages (timestamp);

vacuum (analyze) users, conversation_states, conversation_messages;
