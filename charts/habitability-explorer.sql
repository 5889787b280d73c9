-- The schema of the Habitability Explorer (HWO-03). It runs as the owner before each release serves, as often as it likes:
-- what is there stays, what is missing is added. The extensions are made by the superuser before.
begin;

create schema if not exists hwo;

create table if not exists hwo.exoplanets (
  id                      serial primary key,
  planet_name             varchar(100) not null unique,
  host_star               varchar(100) not null,
  coordinates             geography(point, 4326),
  discovery_method        varchar(50),
  discovery_year          integer,
  planet_radius           real,
  planet_mass             real,
  orbital_period          real,
  semi_major_axis         real,
  eccentricity            real,
  equilibrium_temperature real,
  stellar_mass            real,
  stellar_radius          real,
  stellar_temperature     real,
  habitability_score      real,
  created_at              timestamp default current_timestamp,
  updated_at              timestamp default current_timestamp
);

-- Planets near a point of the sky
create index if not exists idx_exoplanets_coordinates on hwo.exoplanets using gist (coordinates);
-- The best first; by year and method; by kind of star
create index if not exists idx_exoplanets_habitability on hwo.exoplanets (habitability_score desc);
create index if not exists idx_exoplanets_discovery on hwo.exoplanets (discovery_year, discovery_method);
create index if not exists idx_exoplanets_stellar_type on hwo.exoplanets (stellar_temperature, stellar_mass);

-- Sessions live for a day; the CronJob session-cleanup deletes them.
create table if not exists hwo.user_sessions (
  session_id uuid primary key default gen_random_uuid(),
  user_data  jsonb,
  created_at timestamp default current_timestamp,
  expires_at timestamp default (current_timestamp + interval '24 hours')
);

create index if not exists idx_sessions_expires on hwo.user_sessions (expires_at);

commit;
