-- From here on nobody is a superuser: the only one cannot log in, and no role may take it on.
analyze;
alter role postgres nologin;
