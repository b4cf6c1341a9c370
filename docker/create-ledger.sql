-- The ledger has a database of its own, never Airflow's.
CREATE DATABASE vigil OWNER airflow;
