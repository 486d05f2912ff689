"""Timetables as they come: read from GTFS or a folder of CSV, checked, and asked in terms of cities and dates."""
