"""What stands in the settings of a program that is to find work every second, and to ask feeds as often."""

DELIVER = """
[deliver]
tick = 1
debounce = 0
"""
SETTINGS = f"""
[poll]
tick = 1
interval = 0.01
shortest = 0.01
{DELIVER}"""
