create table items (id serial primary key, name text not null, price integer not null);
insert into items (name, price) select 'item ' || n, n * 10 from generate_series(1, 1000) n;
