"""A small timetable for tests: three cities, an out and a back each, one train over midnight."""

from __future__ import annotations

from pathlib import Path

STATIONS = """station_zh,station_en,city,lat,lon
合肥南,Hefei South,Hefei,31.80,117.29
南京南,Nanjing South,Nanjing,31.97,118.79
上海虹桥,Shanghai Hongqiao,Shanghai,31.19,121.32
上海,Shanghai,Shanghai,31.25,121.45
"""
STOPS = """train,station,sequence,arrive,depart,day_offset
D1,Hefei South,1,,08:00,0
D1,Nanjing South,2,09:00,09:05,0
D1,Shanghai Hongqiao,3,10:30,,0
D3,Hefei South,1,,12:00,0
D3,Nanjing South,2,13:00,,0
D2,Shanghai Hongqiao,1,,17:00,0
D2,Nanjing South,2,18:25,18:30,0
D2,Hefei South,3,19:30,,0
D4,Nanjing South,1,,20:00,0
D4,Hefei South,2,21:00,,0
D6,Shanghai,1,,23:30,0
D6,Nanjing South,2,00:50,,1
"""
# The same, with the days each train runs on: D3 not at weekends, D4 on Sundays alone.
STOPS_BY_DAY = "\n".join(
    f"{line},{ {'D3': '12345', 'D4': '7'}.get(line[:2], '1234567') if n else 'days' }"
    for n, line in enumerate(STOPS.splitlines())
)


def write(folder: Path, *, stops: str = STOPS, stations: str = STATIONS) -> Path:
    """The timetable's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stops.csv").write_text(stops, encoding="utf-8")
    (folder / "stations.csv").write_text(stations, encoding="utf-8")
    (folder / "source.json").write_text(
        '{"title": "Three cities", "vintage": "2025", "source": "a test", "synthetic": true}'
    )
    return folder
