"""What rounds on PostgreSQL come to: every goal can be missed, and each part's share is said."""

from bench.accept_pg import Round, results_of

FILES = [Round(1_000.0, 800e-6, 0.0, 50e-6)]
SLOWER = [Round(600.0, 1_000e-6, 300e-6, 50e-6)]
SLOWEST = [Round(550.0, 1_300e-6, 400e-6, 50e-6)]


def test_goals_that_are_reached() -> None:
    """One process is as fast as files, and two are faster still."""
    faster = [Round(1_500.0, 800e-6, 100e-6, 50e-6)]
    assert all(each.reached for each in results_of(64, FILES, FILES, faster))


def test_goals_that_are_missed() -> None:
    """One process falls behind files; two do less than one, and take more for it."""
    found = results_of(64, FILES, SLOWER, SLOWEST)
    assert not any(each.reached for each in found)
    assert [each.ratio for each in found] == [0.6, 1.625, 0.9167, 1.3077]
    assert "site 1000 µs, PostgreSQL 300 µs, generator 50 µs" in found[1].work
    assert found[1].reference == "accept on SQLite: site 800 µs, generator 50 µs"
