"""Measuring, with figures for people and programs. Nothing here is a test."""
