"""Which unit should answer at a published port."""

from nsguard.health.confined import Unit
from nsguard.health.published import expected


def test_who_should_answer_is_the_unit_of_that_name_or_one_of_all() -> None:
    units = [Unit(f"{name}.service", "service", "", "running", None) for name in ("web", "web-admin", "db")]
    assert expected("web", units) == "web.service"
    assert expected("db-admin", units[2:]) == "db.service"
    assert expected("ui", units) == "one of web.service, web-admin.service, db.service"
    assert expected("ui", []) == "a service in the namespace"
